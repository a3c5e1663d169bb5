"""A change is shown and a patch applied by the installed command, checked on the files themselves."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pexpect
import pytest

from e2e.conftest import FIX, Ran, Repo, write

HOST = ["--sandbox=none", "--allow-host-exec"]
LONG = "".join(f"line {number}\n" for number in range(40))
AFTER = LONG.replace("line 3\n", "three\n").replace("line 20\n", "twenty\n").replace("line 36\n", "")


@pytest.fixture
def patch(repo: Repo, tmp_path: Path) -> Path:
    """Three hunks of one file, one of another, and a new file that may be executed."""
    repo.env |= {"CI": "", "NO_COLOR": ""}
    write(repo.root, {"long.txt": LONG})
    git(repo, "add", "-A")
    git(repo, "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "long")
    cart = (repo.root / "shop/cart.py").read_text()
    write(repo.root, {"long.txt": AFTER, "shop/cart.py": cart.replace("+ discount", "- discount"), "new": "n"})
    (repo.root / "new").chmod(0o755)
    git(repo, "add", "-A")
    place = tmp_path / "my.patch"
    place.write_text(git(repo, "diff", "--cached", "--binary"), newline="")
    git(repo, "reset", "-q", "--hard")
    return place


def git(repo: Repo, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=repo.root, check=True, capture_output=True, text=True).stdout


def dry_run(repo: Repo) -> str:
    """The session of a task without a sandbox that keeps its patch."""
    ran = repo.run("-p", "Do it.", "--dry-run", "--json", *HOST, *repo.replies(FIX, "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    session = ran.events[-1]["session"]
    assert isinstance(session, str)
    return session


def ok(ran: Ran) -> str:
    assert ran.code == 0, ran.out + ran.err
    return ran.out


def test_what_a_dry_run_kept_is_applied_and_undone(repo: Repo) -> None:
    before = repo.files()
    session = dry_run(repo)
    assert repo.files() == before
    assert ok(repo.run("apply", session)) == "shop/cart.py\n"
    assert b"sum(prices) - discount" in repo.files()["shop/cart.py"]
    (one,) = json.loads(repo.run("checkpoints", "list", "--json").out)
    assert (one["what"], one["files"], one["session"]) == (f"apply {session}", ["shop/cart.py"], "")
    ok(repo.run("undo"))
    assert repo.files() == before
    ok(repo.run("redo"))
    assert b"sum(prices) - discount" in repo.files()["shop/cart.py"]


def test_the_whole_patch_is_what_git_would_apply(repo: Repo, patch: Path) -> None:
    assert set(ok(repo.run("apply", str(patch))).split()) == {"long.txt", "new", "shop/cart.py"}
    ours, mode = repo.files(), (repo.root / "new").stat().st_mode
    git(repo, "reset", "-q", "--hard")
    (repo.root / "new").unlink()
    git(repo, "apply", str(patch))
    assert (repo.files(), (repo.root / "new").stat().st_mode) == (ours, mode)


def test_only_the_hunks_that_are_named_are_applied(repo: Repo, patch: Path) -> None:
    before = repo.files()
    ok(repo.run("apply", str(patch), "--hunks", "2-3,4"))
    wanted = LONG.replace("line 20\n", "twenty\n").replace("line 36\n", "")
    assert repo.files() == {**before, "long.txt": wanted.encode(), "new": b"n"}
    ok(repo.run("undo"))
    assert repo.files() == before


def test_a_dry_run_shows_what_would_be_applied_and_its_text_is_a_patch(repo: Repo, patch: Path) -> None:
    before = repo.files()
    text = ok(repo.run("apply", str(patch), "--hunks", "1,5", "--dry-run"))
    assert repo.files() == before
    assert repo.run("checkpoints", "list", "--json").out == "[]\n"
    part = patch.with_name("part.patch")
    part.write_text(text, newline="")
    git(repo, "apply", str(part))
    assert set(git(repo, "diff", "--name-only").split()) == {"long.txt", "shop/cart.py"}
    assert b"three\n" in repo.files()["long.txt"]
    assert b"twenty" not in repo.files()["long.txt"]


def test_the_forms_tell_the_same_change(repo: Repo, patch: Path) -> None:
    found = json.loads(ok(repo.run("apply", str(patch), "--dry-run", "--json")))
    assert [hunk["id"] for hunk in found["hunks"]] == [
        "long.txt#1",
        "long.txt#2",
        "long.txt#3",
        "new#1",
        "shop/cart.py#1",
    ]
    assert (found["added"], found["removed"]) == (4, 4)
    ok(repo.run("apply", str(patch)))
    show = ["checkpoints", "show", "1"]
    assert json.loads(ok(repo.run(*show, "--json"))) == found
    assert "4 lines added, 4 removed" in ok(repo.run(*show, "--stat"))
    assert "sum(prices) [-+-]{+-+} discount" in ok(repo.run(*show, "--words"))
    assert "line 20" in ok(repo.run(*show, "--side-by-side"))
    plain = ok(repo.run(*show))
    assert plain.startswith("diff --git a/long.txt b/long.txt\n")
    assert "\x1b[7;" in ok(repo.run(*show, "--color", "always"))


def test_a_patch_comes_from_a_pipe(repo: Repo, patch: Path) -> None:
    command = [str(repo.script), "apply", "-", "--hunks", "4"]
    with patch.open("rb") as source:
        subprocess.run(command, cwd=repo.root, env=repo.environ, stdin=source, check=True, capture_output=True)
    assert repo.files()["new"] == b"n"


def test_what_does_not_fit_changes_nothing(repo: Repo, patch: Path) -> None:
    (repo.root / "long.txt").write_text(
        LONG.replace("line 9\n", "line 9\ninserted\n").replace("line 20\n", "mine\n")
    )
    before = repo.files()
    ran = repo.run("apply", str(patch))
    assert ran.code == 2
    assert "hunk 2 of 'long.txt'" in ran.err
    assert "nearest place is line 19" in ran.err
    assert repo.files() == before
    assert repo.run("checkpoints", "list", "--json").out == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hunks", "7"], "no hunk '7'"),
        (["--hunks", "x"], "no hunk 'x'"),
        (["--pick"], "no terminal to ask on"),
    ],
)
def test_what_cannot_be_chosen_says_what_can(repo: Repo, patch: Path, arguments: list[str], said: str) -> None:
    before = repo.files()
    ran = repo.run("apply", str(patch), *arguments)
    assert (ran.code, said in ran.err) == (2, True), ran.err
    assert repo.files() == before


def test_a_session_that_changed_nothing_has_no_patch(repo: Repo) -> None:
    ran = repo.run("-p", "Do it.", "--dry-run", "--json", *HOST, *repo.replies("<done>ok</done>"))
    said = repo.run("apply", str(ran.events[-1]["session"]))
    assert (said.code, "changed nothing" in said.err) == (2, True), said.err


@pytest.mark.parametrize("name", ["nothing", "20200101-000000-abcd", "/nowhere/x.patch"])
def test_a_patch_that_is_not_there_says_so(repo: Repo, name: str) -> None:
    ran = repo.run("apply", name)
    assert (ran.code, "there is no patch" in ran.err) == (2, True), ran.err


def test_hunks_are_picked_at_a_terminal(repo: Repo, patch: Path) -> None:
    before = repo.files()
    asking = repo.terminal("apply", str(patch), "--pick")
    for number, key in enumerate("nyd", start=1):
        asking.expect(f"apply hunk {number} of long.txt")
        asking.sendline(key)
    asking.expect("1 file changed")
    asking.expect(pexpect.EOF)
    asking.close()
    assert asking.exitstatus == 0
    assert repo.files() == {**before, "long.txt": LONG.replace("line 20\n", "twenty\n").encode()}
    ok(repo.run("undo"))
    asking = repo.terminal("apply", str(patch), "--pick")
    asking.expect("apply hunk 1")
    asking.sendline("y")
    asking.expect("apply hunk 2")
    asking.sendline("q")
    asking.expect("nothing was applied")
    asking.expect(pexpect.EOF)
    asking.close()
    assert asking.exitstatus == 1
    assert repo.files() == before


def test_a_wide_terminal_shows_both_sides_and_a_narrow_one_does_not(repo: Repo, patch: Path) -> None:
    ok(repo.run("apply", str(patch)))
    wide, narrow = (repo.terminal("checkpoints", "show", "1", columns=columns) for columns in (130, 60))
    wide.expect("│")
    narrow.expect(pexpect.EOF)
    assert "│" not in narrow.before
    assert "\x1b[31m-line 20" in narrow.before
    for each in (wide, narrow):
        each.close(force=True)
