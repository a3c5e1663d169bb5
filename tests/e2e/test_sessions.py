"""Sessions as a person meets them: another task in an old one, and what there is to do with them afterwards."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import msgspec
import pexpect
import pytest

from e2e.conftest import FIX, Ran, Repo, passes
from r1code.log_file import LOG

HOST = ["--sandbox=none", "--allow-host-exec"]
OFF = [*HOST, "--test", "off"]
TEST = [*HOST, "--test", "python3 -m pytest -q -p no:cacheprovider"]
READ = '<read path="shop/cart.py"/>'
PLAN = "<plan>\nSubtract it.\n\n## Steps\n1. In total().\n\n## Files\n- `shop/cart.py`\n</plan>"


def entries(folder: Path) -> list[dict[str, object]]:
    return [msgspec.json.decode(line)["item"] for line in (folder / LOG).read_bytes().splitlines()]


def session(repo: Repo) -> Path:
    (folder,) = (repo.state / "sessions").iterdir()
    return folder


def listed(repo: Repo, *flags: str) -> list[dict[str, object]]:
    return msgspec.json.decode(repo.run("sessions", *flags, "--json").out)


def good(ran: Ran) -> Ran:
    assert ran.code == 0, ran.out + ran.err
    return ran


def test_another_task_goes_to_the_last_session_and_is_judged_from_the_tree_as_it_is(repo: Repo) -> None:
    good(repo.run("-p", "Look at the cart", *OFF, *repo.replies(READ, "<done>Seen.</done>"), "--seed", "7"))
    cart = repo.root / "shop/cart.py"
    cart.write_text(cart.read_text().replace("discount=0", "discount=0.0"))
    ran = good(repo.run("-c", "-p", "Now fix it", *TEST, *repo.replies(FIX, "<done>It subtracts.</done>")[2:]))
    assert "goes on" in ran.out
    assert "1 fixed" in ran.out
    assert passes(repo.root)
    said = [item["text"] for item in entries(session(repo)) if item["kind"] == "Said"]
    assert said[0].endswith("Task: Look at the cart")
    assert said[1].endswith("rely on them: shop/cart.py\n\nTask: Now fix it")
    (info,) = listed(repo)
    assert (info["turns"], info["title"], info["verdict"]) == (2, "Look at the cart", "fixed")
    # It belongs to what was asked for last.
    subprocess.run(["git", "config", "user.email", "a@b"], cwd=repo.root, check=True)
    subprocess.run(["git", "config", "user.name", "A"], cwd=repo.root, check=True)
    assert "Now fix it" in good(repo.run("commit")).out
    refused = repo.run("replay", session(repo).name, "--allow-host-exec")
    assert (refused.code, "more than one task" in refused.err) == (2, True)
    assert good(repo.run("undo")).out == "shop/cart.py\n"
    assert "discount=0.0" in cart.read_text()
    # Its task was taken back, too.
    assert [turn["task"] for turn in _view(repo)] == ["Look at the cart"]
    good(repo.run("redo"))
    assert [turn["task"] for turn in _view(repo)] == ["Look at the cart", "Now fix it"]


def _view(repo: Repo) -> list[dict[str, object]]:
    return msgspec.json.decode(good(repo.run("sessions", "show", session(repo).name, "--json")).out)["turns"]


def test_a_plan_is_carried_out_in_the_same_session(repo: Repo) -> None:
    good(repo.run("plan", "Subtract the discount", *OFF, *repo.replies(READ, PLAN)))
    good(repo.run("-c", "-p", "Do that", *TEST, *repo.replies(FIX, "<done>ok</done>")[2:]))
    assert passes(repo.root)
    told = [item["text"] for item in entries(session(repo)) if item.get("origin") == "mode"]
    assert [text.startswith("Plan mode is over") for text in told] == [False, True]


def test_a_stopped_turn_of_an_old_session_is_resumed_with_its_own_task_and_settings(repo: Repo) -> None:
    good(repo.run("-p", "Look", *OFF, *repo.replies(READ, "<done>Seen.</done>")))
    stopped = repo.run("-c", "-p", "Fix it", *TEST, *repo.replies(READ)[2:], "--steps", "1")
    assert stopped.code == 5, stopped.out + stopped.err
    repo.replies(FIX, "<done>ok</done>")
    ran = good(repo.run("resume", "--json", "--steps", "3"))
    assert ran.events[-1]["outcome"] == "fixed"
    started = next(event for event in ran.events if event["event"] == "TurnStarted")
    assert started["text"] == "Fix it"
    refused = repo.run("resume", session(repo).name)
    assert refused.code == 2
    assert f"r1code --continue {session(repo).name} -p TASK" in refused.err


def test_a_repair_goes_on_with_what_its_copy_has_not_left_in_the_tree(repo: Repo) -> None:
    wrong = FIX.replace("- discount", "* discount")
    assert repo.run("fix", *TEST, *repo.replies(wrong, "<done>ok</done>")).code == 1
    again = repo.replies(FIX, "<done>ok</done>")[2:]
    good(repo.run("-c", "-p", "Subtract instead", *TEST, *again))
    assert passes(repo.root)
    said = [item["text"] for item in entries(session(repo)) if item.get("origin") == "task"]
    assert "not as you have seen them" in said[-1]
    refused = repo.run("-c", session(repo).name, "fix", *TEST, *again)
    assert (refused.code, "a baseline of its own" in refused.err) == (2, True)


def test_what_cannot_go_on_here_says_why(repo: Repo, tmp_path: Path) -> None:
    flags = [*OFF, *repo.replies("<done>ok</done>")]
    none = repo.run("-c", "-p", "x", *flags)
    assert (none.code, "there is no session to go on with" in none.err) == (2, True)
    good(repo.run("-p", "x", *flags))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = repo.run("-c", session(repo).name, "-p", "x", "-C", str(elsewhere), *flags)
    assert (other.code, f"it works in {repo.root}" in other.err) == (2, True)
    tree = repo.run("-c", "-p", "x", *flags, "--worktree")
    assert (tree.code, "no session can go on in a new worktree" in tree.err) == (2, True)
    assert sum(item["kind"] == "Ended" for item in entries(session(repo))) == 1


def test_a_fork_with_the_tree_of_a_step_goes_another_way(repo: Repo) -> None:
    before = repo.files()
    writes = ['<write path="one.txt">\n1\n</write>', '<write path="two.txt">\n2\n</write>']
    good(repo.run("-p", "Write both", *OFF, *repo.replies(*writes, "<done>ok</done>")))
    old = session(repo).name
    shown = good(repo.run("sessions", "show", old)).out
    assert "    1  write one.txt: ok\n    2  write two.txt: ok\n" in shown
    plain = good(repo.run("sessions", "fork", old, "--at", "1")).out.strip()
    assert {"one.txt", "two.txt"} <= repo.files().keys()
    good(repo.run("-c", "-p", "And now?", *OFF, *repo.replies("<done>ok</done>")[2:]))
    said = [item["text"] for item in entries(repo.state / "sessions" / plain) if item["kind"] == "Said"]
    # It has not seen what the other one did then.
    assert "rely on them: two.txt" in said[-1]
    forked = good(repo.run("sessions", "fork", old, "--at", "1", "--tree")).out.strip()
    assert repo.files().keys() == before.keys() | {"one.txt"}
    good(
        repo.run("-c", "-p", "Three", *OFF, *repo.replies('<write path="three.txt">\n3\n</write>', "<done/>")[2:])
    )
    assert repo.files().keys() == before.keys() | {"one.txt", "three.txt"}
    said = [item["text"] for item in entries(repo.state / "sessions" / forked) if item["kind"] == "Said"]
    assert said[-1] == "Task: Three"
    kinds = {one["id"]: one["forked"] for one in listed(repo)}
    assert kinds == {old: "", plain: old, forked: old}
    refused = repo.run("replay", forked, "--allow-host-exec")
    assert (refused.code, "it is a fork" in refused.err) == (2, True)


def test_sessions_are_listed_searched_renamed_and_deleted(repo: Repo, tmp_path: Path) -> None:
    flags = [*OFF, *repo.replies("<done>ok</done>")]
    for task in ("Subtract the discount", "Add a quiet option"):
        good(repo.run("-p", task, *flags))
    other = tmp_path / "other"
    other.mkdir()
    good(repo.run("-p", "Elsewhere", "-C", str(other), *flags))
    assert [one["title"] for one in listed(repo)] == ["Add a quiet option", "Subtract the discount"]
    assert [one["branch"] for one in listed(repo, "--all")] == ["", *[_branch(repo)] * 2]
    found = listed(repo, "list", "--search", "quiet")
    assert [(one["by"], one["line"]) for one in found] == [("person", "Add a quiet option")]
    assert "none has all of these words" in good(repo.run("sessions", "--search", "elsewhere")).err
    assert len(listed(repo, "--all", "--search", "elsewhere")) == 1
    name = found[0]["session"]["id"]
    good(repo.run("sessions", "rename", name, "The quiet\x1b[2Jone"))
    told = good(repo.run("sessions")).out
    assert "\x1b" not in told
    assert "The quiet␛[2Jone" in told
    asked = repo.run("sessions", "delete", name)
    assert (asked.code, "no terminal to agree on" in asked.err) == (2, True)
    assert len(listed(repo)) == 2
    good(repo.run("sessions", "delete", name, "--yes"))
    assert [one["title"] for one in listed(repo)] == ["Subtract the discount"]
    assert not (repo.state / "sessions" / name).exists()
    unclear = repo.run("sessions", "delete", "--yes")
    assert (unclear.code, "it takes ids, or --older-than" in unclear.err) == (2, True)
    wrong = repo.run("sessions", "delete", "--older-than", "soon", "--yes")
    assert (wrong.code, "hours, days or weeks" in wrong.err) == (2, True)
    assert "nothing to delete" in good(repo.run("sessions", "delete", "--older-than", "1h", "--yes")).err
    assert len(listed(repo, "--all")) == 2
    good(repo.run("sessions", "delete", "--older-than", "0h", "--yes"))
    assert [one["title"] for one in listed(repo, "--all")] == ["Elsewhere"]


def _branch(repo: Repo) -> str:
    told = ["git", "symbolic-ref", "--short", "HEAD"]
    return subprocess.run(told, cwd=repo.root, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.full
def test_old_sessions_go_when_another_one_starts_if_the_user_says_so(repo: Repo, tmp_path: Path) -> None:
    flags = [*OFF, *repo.replies("<done>ok</done>")]
    good(repo.run("-p", "Old", *flags))
    old = session(repo)
    long_ago = time.time() - 40 * 86_400
    os.utime(old / LOG, (long_ago, long_ago))
    config = repo.root / ".r1code/config.toml"
    config.parent.mkdir()
    config.write_text("keep_days = 30\n")
    refused = repo.run("-p", "New", *flags)
    assert (refused.code, "a project may not set it" in refused.err) == (2, True)
    config.unlink()
    good(repo.run("-p", "New", *flags))
    assert old.is_dir()
    mine = tmp_path / "config/r1code/config.toml"
    mine.parent.mkdir(parents=True)
    mine.write_text("keep_days = 30\n")
    repo.env["XDG_CONFIG_HOME"] = str(tmp_path / "config")
    # One that goes on is not old any more.
    good(repo.run("-c", old.name, "-p", "Once more", *flags))
    assert old.is_dir()
    os.utime(old / LOG, (long_ago, long_ago))
    ran = good(repo.run("-p", "Newer", *flags))
    assert "1 session deleted" in ran.out
    assert not old.exists()
    assert len(listed(repo)) == 2


@pytest.mark.timeout(300)
def test_a_person_is_shown_what_would_be_deleted_and_may_say_no(repo: Repo) -> None:
    good(repo.run("-p", "Keep me", *OFF, *repo.replies("<done>ok</done>")))
    for answer, left in (("n", 1), ("y", 0)):
        terminal = repo.terminal("sessions", "delete", session(repo).name)
        terminal.expect("Delete these sessions")
        terminal.expect("Keep me")
        terminal.expect("y = yes")
        terminal.sendline(answer)
        terminal.expect(pexpect.EOF)
        terminal.close()
        assert len(list((repo.state / "sessions").iterdir())) == left
