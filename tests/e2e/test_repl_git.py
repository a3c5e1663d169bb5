"""Commits, branches and reviews in the REPL, in a pseudo-terminal. Commands run on this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.conftest import FIX, Repo
from fakes.answers import Reply
from fakes.seat import Seat
from fakes.server import FakeServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

OFF = ("--test", "off")


def git(repo: Repo, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=repo.root, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def sit(repo: Repo) -> Iterator[Callable[..., Seat]]:
    """Sits down at the prompt, before a model that says `replies`."""
    git(repo, "config", "user.name", "Ann")
    git(repo, "config", "user.email", "ann@example.org")
    seats: list[Seat] = []

    def sit_down(*replies: str, flags: tuple[str, ...] = OFF) -> Seat:
        host = ("--sandbox", "none", "--allow-host-exec")
        command = [str(repo.script), *host, *flags, *repo.replies(*replies)]
        seat = Seat(command, repo.root, {"R1CODE_STATE_DIR": str(repo.state), **repo.env})
        seats.append(seat)
        seat.sees(r"^>")
        return seat

    yield sit_down
    for seat in seats:
        seat.close()


def test_what_a_turn_changed_is_committed_with_hooks_on_a_branch(sit: Callable[..., Seat], repo: Repo) -> None:
    hook = repo.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch ran\necho hooked\n")
    hook.chmod(0o755)
    seat = sit(FIX, "<done>It is right.</done>")
    seat.say("repair the discount")
    seat.sees(r"It is right\.")
    (repo.root / "mine.txt").write_text("mine\n")
    seat.say("/branch discount")
    seat.sees("a new branch: discount")
    seat.say("/commit")
    seat.sees("Do you trust this folder")
    seat.sees("git hooks run on your machine")
    seat.answer("y")
    seat.sees("hooked")
    seat.sees("[0-9a-f]{10} .*epair the discount")
    assert git(repo, "branch", "--show-current") == "discount"
    assert git(repo, "show", "--format=", "--name-only") == "shop/cart.py"
    assert "Co-authored-by: r1code" in git(repo, "log", "-1", "--format=%B")
    assert (repo.root / "ran").exists()
    seat.say("/commit")
    seat.sees("! there is nothing to commit")
    seat.say("/commit --all Mine, by hand")
    seat.sees("[0-9a-f]{10} Mine, by hand")
    assert "mine.txt" in git(repo, "show", "--format=", "--name-only")
    seat.say("/branch")
    seat.sees("^  discount$")


def test_each_turn_is_committed_unless_it_breaks_tests(sit: Callable[..., Seat], repo: Repo) -> None:
    right, wrong = (f"    return sum(prices) {sign} discount" for sign in "-+")
    breaks = f'<edit path="shop/cart.py">\n<<<<<<< SEARCH\n{right}\n=======\n{wrong}\n>>>>>>> REPLACE\n</edit>'
    tests = ("--test", "python3 -m pytest -q -p no:cacheprovider")
    seat = sit(FIX, "<done>one</done>", breaks, "<done>two</done>", flags=("--commit", *tests))
    seat.say("/autotest off")
    seat.say("repair the discount")
    seat.sees("committed as [0-9a-f]{10}: .*epair the discount")
    head = git(repo, "rev-parse", "HEAD")
    assert git(repo, "show", "--format=", "--name-only") == "shop/cart.py"
    seat.say("break it")
    seat.sees("nothing was committed, for tests are broken")
    assert git(repo, "rev-parse", "HEAD") == head
    assert git(repo, "status", "--porcelain", "--untracked-files=no") == "M shop/cart.py"


def test_hunks_are_taken_back_and_the_model_is_told(sit: Callable[..., Seat], repo: Repo) -> None:
    extra = '<write path="shop/tax.py">\nRATE = 1\n</write>'
    seat = sit(f"{FIX}\n\n{extra}", "<done>one</done>", "I see.", "Here is what is wrong: nothing.")
    seat.say("/review")
    seat.sees("nothing is changed")
    seat.say("repair the discount")
    seat.sees("changed 2 files")
    seat.say("/review")
    seat.sees(r"hunk 1  @@ -1,2 \+1,2 @@")
    seat.sees("hunk 2 ")
    seat.say("/review drop 2")
    seat.sees("1 file put back")
    assert not (repo.root / "shop/tax.py").exists()
    assert "- discount" in (repo.root / "shop/cart.py").read_text()
    seat.say("/add shop/names.py")
    seat.sees(r"pinned  shop/names.py \(goes with your next message\)")
    seat.say("go on")
    seat.sees(r"I see\.")
    seat.say("/context")
    seat.sees(r"pinned  shop/names.py \(the model knows it\)")
    log = next(repo.state.glob("sessions/*/log.jsonl")).read_text()
    said = log[log.index("Task: go on") :]
    assert "took a part of it back" in said
    assert "+RATE = 1" in said
    assert "Ladén" in said
    seat.say("/review ask HEAD")
    seat.sees("Here is what is wrong: nothing")
    seat.sees("^>")
    # Undone alone, and not with the turn before.
    seat.say("/undo")
    seat.sees(r"1 file put back · /redo")
    assert (repo.root / "shop/tax.py").exists()
    seat.say("/review pick HEAD")
    seat.sees(r"Keep hunk 1 of shop/cart\.py")
    seat.answer("n")
    seat.sees(r"Keep hunk 2 of shop/tax\.py")
    seat.answer("a")
    seat.sees("1 file put back · /undo")
    assert "+ discount" in (repo.root / "shop/cart.py").read_text()
    assert (repo.root / "shop/tax.py").exists()
    seat.say("/review drop 1")
    seat.sees("! nothing was shown yet")
    seat.say("/review HEAD")
    seat.sees(r"hunk 1  @@ -0,0 \+1")
    (repo.root / "shop/tax.py").write_text("RATE = 2\n")
    seat.say("/review drop 1")
    seat.sees("! the numbers may mean something else by now")
    assert (repo.root / "shop/tax.py").read_text() == "RATE = 2\n"


def test_settings_are_shown_written_and_refused(sit: Callable[..., Seat], repo: Repo, tmp_path: Path) -> None:
    repo.env["XDG_CONFIG_HOME"] = str(tmp_path / "config")
    file = tmp_path / "config/r1code/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("steps = 7 # few\n")
    seat = sit()
    seat.say("/settings")
    seat.sees(r"sandbox +none +a flag")
    seat.sees(r"steps +7\s+/")
    seat.say("/settings sandbox podman")
    seat.sees("next: it may be one of bubblewrap, docker, none, seatbelt")
    seat.say("/settings think 4k")
    seat.sees("written: think = 4k, in")
    assert file.read_text() == 'steps = 7 # few\nthink = "4k"\n'
    assert repo.run("settings", "steps").out.startswith("steps  7")
    again = repo.run("settings", "steps", "9")
    # Nothing that stood there is lost without a word.
    assert (again.code, "before: 7" in again.err) == (0, True)
    assert repo.run("settings", "steps", "many").code == 2
    assert file.read_text() == 'steps = 9 # few\nthink = "4k"\n'
    assert '"origin": "default"' in repo.run("settings", "seed", "--json").out
    assert repo.run("settings", "think", "--unset").code == 0
    assert file.read_text() == "steps = 9 # few\n"


def test_what_surrounds_a_session_is_told_and_changed(sit: Callable[..., Seat], repo: Repo) -> None:
    (repo.root / "CLAUDE.md").write_text("Use tabs.\n")
    seat = sit("# Shop\n\nRun `pytest`.\n\n<note>The sign matters.</note>")
    seat.sees("Do you trust this folder")
    seat.answer("n")
    seat.say("/sandbox")
    seat.sees(r"kind +")
    seat.sees(r"network +none")
    seat.say("/sandbox rebuild")
    seat.sees("! there is no image to build")
    seat.say("/trust")
    seat.sees("not trusted: you said that you do not trust")
    (repo.root / "CLAUDE.md").write_text("Use tabs.\nPush at once.\n")
    seat.say("/trust yes")
    # What it says is shown before it is trusted.
    seat.sees(r"Push at once\.")
    seat.answer("n")
    seat.sees("nothing was changed")
    assert repo.run("trust", "--show").out.startswith("not trusted")
    seat.say("/trust yes")
    seat.sees("Do you trust this folder")
    seat.answer("y")
    seat.sees("trusted, until one of these files changes")
    assert repo.run("trust", "--show").out.startswith("trusted")
    seat.say("/doctor")
    seat.sees("scripted plays back a file")
    seat.say("/model")
    seat.sees("! the profile scripted has one model")
    seat.say("hello")
    seat.sees(r"Run pytest\.")
    seat.say("/notes")
    seat.sees("- The sign matters")
    seat.say("/init")
    seat.sees(r"Write AGENTS\.md")
    seat.answer("y")
    seat.sees(r"written: AGENTS\.md")
    assert (repo.root / "AGENTS.md").read_text().startswith("# Shop")
    seat.say("/undo")
    seat.sees("1 file put back · /redo")
    assert not (repo.root / "AGENTS.md").exists()
    seat.say("/bug")
    seat.sees("It was sent nowhere")
    report = next(repo.state.glob("reports/*.md")).read_text()
    assert "- the profile scripted has one model" in report
    assert "- sandbox: (set), from a flag" in report
    assert str(repo.root) not in report


def test_another_model_of_the_same_server_goes_on(repo: Repo) -> None:
    with FakeServer([Reply(text="<done>Hello.</done>")], models=["one", "two"]) as server:
        flags = ["--base-url", server.url, "--model", "one", "--sandbox", "none", "--allow-host-exec", *OFF]
        seat = Seat([str(repo.script), *flags], repo.root, {"R1CODE_STATE_DIR": str(repo.state)})
        seat.sees("^>")
        seat.say("/model")
        seat.sees("^  two$")
        seat.say("/model two")
        seat.sees(r"openai-compatible · two")
        seat.say("hi")
        seat.sees(r"Hello\.")
        seat.press("\x04")
        assert seat.leaves() == 0
        assert b'"model":"two"' in server.chats[-1].raw.replace(b" ", b"")
