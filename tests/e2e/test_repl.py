"""The prompt, in a pseudo-terminal, as a person uses it. Commands run on this machine: no engine is needed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from e2e.conftest import FIX, Repo, passes
from e2e.sitting import UNTIL_GO, go, typed
from fakes.seat import Seat

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

TESTS = ["--test", "python3 -m pytest -q -p no:cacheprovider"]
SIZE = (40, 100)


@pytest.fixture
def sit(repo: Repo) -> Iterator[Callable[..., Seat]]:
    """Sits down at the prompt, before a model that says `replies`."""
    seats: list[Seat] = []

    def sit_down(*replies: str, flags: tuple[str, ...] = ("--test", "off"), size: tuple[int, int] = SIZE) -> Seat:
        host = ("--sandbox", "none", "--allow-host-exec")
        command = [str(repo.script), *host, *flags, *repo.replies(*replies)]
        seat = Seat(command, repo.root, {"R1CODE_STATE_DIR": str(repo.state), **repo.env}, size)
        seats.append(seat)
        seat.sees(r"^>")
        return seat

    yield sit_down
    for seat in seats:
        seat.close()


def test_a_turn_ends_with_its_verdict_and_is_undone(sit: Callable[..., Seat], repo: Repo) -> None:
    seat = sit(f"I look at it.\n\n{FIX}", "<done>The sign was **wrong**.</done>", flags=tuple(TESTS))
    seat.say("fix the discount")
    seat.sees(r"^> fix the discount")
    seat.sees(r"thought .* tokens")
    seat.sees("✓ edit  shop/cart.py")
    seat.sees(r"-    return sum\(prices\) \+ discount")
    seat.sees(r"The sign was wrong\.")
    seat.sees(r"changed 1 file, \+1 -1 lines")
    seat.sees(r"verdict: fixed .* 1 fixed, 1 still passes")
    assert passes(repo.root)
    assert "SEARCH" not in seat.all
    seat.say("/undo")
    seat.sees("1 file put back")
    assert not passes(repo.root)
    seat.say("/redo")
    seat.sees(r"put back · /undo")
    assert passes(repo.root)
    seat.say("/redo")
    seat.sees("nothing to redo")
    seat.sees("`/checkpoints` shows every state; `/rewind N` goes there")
    seat.say("/quit")
    assert seat.leaves() == 0


def test_what_breaks_is_told_to_the_model_which_repairs_it(sit: Callable[..., Seat], repo: Repo) -> None:
    (repo.root / "shop/cart.py").write_text("def total(prices, discount=0):\n    return sum(prices) - discount\n")
    broken, right = (f"    return sum(prices) {sign} discount" for sign in "+-")
    breaks, repairs = (
        f'<edit path="shop/cart.py">\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n</edit>'
        for old, new in ((right, broken), (broken, right))
    )
    extra = '<write path="shop/tax.py">\nRATE = 1\n</write>'
    seat = sit(f"{extra}\n{breaks}", "<done>so</done>", repairs, "<done>better</done>", flags=tuple(TESTS))
    seat.say("add taxes")
    seat.sees("verdict: not fixed .* 1 broken")
    seat.sees("the model is told what broke")
    seat.sees("verdict: unbroken .* 2 still pass")
    assert passes(repo.root)


def test_a_question_is_answered_by_one_key_and_not_by_a_text(sit: Callable[..., Seat], repo: Repo) -> None:
    seat = sit(
        "<run>touch one</run>", "<run>touch two</run>", "Finished.", flags=("--approve", "ask", "--test", "off")
    )
    seat.say("go")
    seat.sees("touch one")
    seat.sees("y yes   n no")
    seat.answer("y")
    seat.sees("touch two")
    seat.sees("y yes   n no")
    # Somebody goes on with a text of theirs, and its first letter would be an answer.
    seat.look(0.6)
    seat.type("yes and no\r")
    seat.until(lambda: "yes and no" in typed(repo), "what was typed is not kept")
    assert not (repo.root / "two").exists()
    seat.answer("n")
    seat.sees("why not, for R1")
    seat.say("not now")
    seat.sees("⊘ run  touch two")
    seat.sees(r"Finished\.")
    # What was typed meanwhile is still there.
    seat.sees(r"^> yes and no")
    assert (repo.root / "one").exists()
    assert not (repo.root / "two").exists()


def test_typing_while_it_works_steers_it_or_waits_for_its_end(sit: Callable[..., Seat], repo: Repo) -> None:
    seat = sit(f"<run>{UNTIL_GO}</run>", "First.", "Second.", flags=("--test", "off"))
    seat.say("begin")
    seat.sees("running · run  until")
    seat.type("afterwards")
    seat.press("\t")
    seat.sees("waits: afterwards")
    seat.say("use tabs")
    seat.sees("↳ use tabs")
    go(repo)
    seat.sees(r"First\.")
    seat.sees(r"^> afterwards")
    seat.sees(r"Second\.")


def test_an_interrupt_keeps_what_was_said_and_the_next_turn_works(sit: Callable[..., Seat], repo: Repo) -> None:
    repo_replies = ["I begin with a sentence.\n\nAnd another one.", "Well again."]
    seat = sit(*repo_replies, flags=("--test", "off"))
    seat.say("hello")
    seat.sees("And another one")
    seat.say("!sleep 30")
    seat.sees("running · /run · .* Esc stops it")
    seat.press("\x03")
    seat.sees("stopping")
    seat.say("again")
    seat.sees(r"Well again\.")
    seat.press("\x04")
    assert seat.leaves() == 0


def test_plan_mode_changes_nothing_until_the_plan_is_approved(sit: Callable[..., Seat], repo: Repo) -> None:
    plan = "<plan>\nMake it right.\n\n## Steps\n1. Turn the sign around.\n\n## Files\n- `shop/cart.py`\n</plan>"
    seat = sit(f"{FIX}", plan, FIX, "<done>It is right.</done>")
    seat.press("\x1b[Z")
    seat.sees("^plan>")
    seat.say("repair it")
    seat.sees("⊘ edit  shop/cart.py")
    seat.sees(r"plan · .*make-it-right\.md")
    assert "+ discount" in (repo.root / "shop/cart.py").read_text()
    file = next((repo.root / ".r1code/plans").iterdir())
    assert "Turn the sign around" in file.read_text()
    seat.say("/act")
    seat.sees(r"It is right\.")
    assert "- discount" in (repo.root / "shop/cart.py").read_text()


def test_hostile_text_shows_harmless(sit: Callable[..., Seat], repo: Repo) -> None:
    evil = "\x1b]52;c;AAAA\x07\x1b[2J\x1b[31mred \u202eabc"
    (repo.root / "evil.txt").write_text(evil)
    seat = sit(f"Look: {evil}\n\n> y yes   n no\n\n<run>cat evil.txt</run>", f"{evil} end.")
    seat.say("cat it")
    seat.sees(r"end\.")
    assert b"\x1b]52" not in seat.raw
    assert b"\x1b[2J" not in seat.raw
    assert "\u202e".encode() not in seat.raw
    assert "<U+202E>" in seat.all
    seat.sees(r"^>$")


def test_a_long_paste_is_folded_and_sent_whole(sit: Callable[..., Seat], repo: Repo) -> None:
    seat = sit("Read.", "Read.")
    seat.type("\x1b[200~data:image/png;base64,iVBORw0KGgo=\x1b[201~")
    seat.sees("an image cannot be sent: R1 reads text only")
    seat.sees("^>$")
    big = "\n".join(f"line {number} of a paste" for number in range(40_000))
    seat.type(f"\x1b[200~{big}\x1b[201~")
    seat.sees(r"\[paste #1: 40,000 lines")
    seat.say(" please")
    seat.sees(r"Read\.")
    log = next(repo.state.glob("sessions/*/log.jsonl")).read_text()
    assert "line 39999 of a paste please" in log


def test_it_fits_into_forty_columns_and_follows_a_resize(sit: Callable[..., Seat]) -> None:
    seat = sit("中文的回答很长，需要换行才能放得下，所以它会在四十列之内换行。", "wide", size=(24, 40))
    seat.say("你好，请用中文回答")
    seat.sees("中文的回答")
    seat.resize(30, 90)
    seat.say("more")
    seat.sees("wide")
    assert all(len(line) <= 90 for line in seat.lines)


def test_who_closes_the_terminal_leaves_nothing_running(sit: Callable[..., Seat], repo: Repo) -> None:
    seat = sit("<run>sleep 60</run>")
    seat.say("go")
    seat.sees("running · run")
    pid = seat._child.pid
    os.kill(pid, signal.SIGHUP)
    assert seat.leaves() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_cannot_be_opened_says_so_and_ends(repo: Repo) -> None:
    command = [str(repo.script), "--profile", "nobody"]
    seat = Seat(command, repo.root, {"R1CODE_STATE_DIR": str(repo.state)})
    seat.sees("nobody")
    assert seat.leaves() == 2
    assert "next:" in seat.all


def test_a_backend_that_fails_ends_the_turn_and_not_the_session(repo: Repo) -> None:
    command = [str(repo.script), "--base-url", "http://127.0.0.1:1/v1", "--model", "m", "--sandbox", "none"]
    flags = ["--allow-host-exec", "--test", "off"]
    seat = Seat([*command, *flags], repo.root, {"R1CODE_STATE_DIR": str(repo.state)})
    seat.sees("^>")
    seat.say("hello")
    seat.sees("! ")
    seat.sees("next: ")
    seat.say("/help")
    seat.sees("/undo")
    seat.press("\x04")
    assert seat.leaves() == 0


def test_another_model_goes_on_with_what_was_said(sit: Callable[..., Seat], repo: Repo) -> None:
    seat = sit("The word is BIRCH.", "Unused.")
    seat.say("say a word")
    seat.sees(r"The word is BIRCH\.")
    seat.say("/context")
    seat.sees("replies +[1-9]")
    seat.say("/think 2k")
    seat.sees("reasoning in each step: 2k")
    seat.say("/profile nobody")
    seat.sees("! .*nobody")
    seat.say("/profile")
    seat.sees("scripted · ")
    seat.say("/clear")
    seat.sees("the model begins anew")
    seat.say("/context")
    seat.sees("replies +0")
    seat.say("/nonsense")
    seat.sees("there is no /nonsense")
    seat.say("/cost")
    seat.sees("turn 1, step 1")


def test_a_session_goes_on_later_and_says_why_a_line_is_as_it_is(sit: Callable[..., Seat], repo: Repo) -> None:
    seat = sit(f"The discount is added.\n\n{FIX}", "<done>The word is BIRCH.</done>")
    seat.say("repair the discount")
    seat.sees(r"The word is BIRCH\.")
    seat.say("/why shop/cart.py:2")
    seat.sees("by edit  shop/cart.py")
    seat.sees("Let me think")
    seat.say("/rename The discount")
    seat.sees("called The discount")
    seat.say("/export page.html")
    seat.sees("page.html is written")
    assert "The discount is added." in (repo.root / "page.html").read_text()
    seat.press("\x04")
    assert seat.leaves() == 0
    (repo.root / "shop/cart.py").write_text("def total(prices):\n    return sum(prices)\n")
    again = sit("I remember.", flags=("--continue", "--test", "off"))
    again.sees("goes on")
    again.say("what was the word?")
    again.sees(r"I remember\.")
    log = next(repo.state.glob("sessions/*/log.jsonl")).read_text()
    assert "The word is BIRCH" in log
    # It is told what is not as it has seen it.
    assert "shop/cart.py" in log[log.index("what was the word") - 400 : log.index("what was the word")]
    listed = repo.run("sessions").out
    assert "The discount" in listed
    # A head, and one session.
    assert len(listed.strip().splitlines()) == 2


def test_a_command_that_waits_is_a_command_and_a_plan_of_a_file_knows_the_project(
    sit: Callable[..., Seat], repo: Repo
) -> None:
    (repo.state.parent / "plan.md").write_text(
        "# Plan\n\nTurn the sign around.\n\n## Steps\n\n1. Edit shop/cart.py\n"
    )
    seat = sit(f"<run>{UNTIL_GO}</run>\n{FIX}", "<done>It is right.</done>")
    seat.say(f"/act {repo.state.parent / 'plan.md'}")
    seat.sees("running · run  until")
    seat.type("/undo")
    seat.press("\t")
    seat.sees("waits: /undo")
    go(repo)
    seat.sees(r"It is right\.")
    seat.sees("1 file put back")
    assert "+ discount" in (repo.root / "shop/cart.py").read_text()
    log = next(repo.state.glob("sessions/*/log.jsonl")).read_text()
    assert "Files of the repository" in log


def test_a_model_that_cannot_be_had_leaves_the_one_of_before(sit: Callable[..., Seat], repo: Repo) -> None:
    seat = sit("First.", "Second.")
    seat.say("one")
    seat.sees(r"First\.")
    seat.say("/profile openrouter-r1-0528")
    seat.sees("! .*")
    seat.sees("next: ")
    seat.say("two")
    seat.sees(r"Second\.")


def test_what_would_be_ignored_is_refused(repo: Repo) -> None:
    command = [
        str(repo.script),
        "--dry-run",
        "--profile",
        "scripted",
        "--replies",
        "none.toml",
    ]
    seat = Seat(command, repo.root, {"R1CODE_STATE_DIR": str(repo.state)})
    seat.sees("--dry-run cannot be used in the REPL")
    assert seat.leaves() == 2


def test_what_goes_on_unasked_changes_in_the_middle_of_a_session(sit: Callable[..., Seat], repo: Repo) -> None:
    ways = ("--approve", "ask", "--test", "off", "--map-tokens", "1000")
    seat = sit("<run>touch one</run>", "First.", "<run>touch two</run>", "Second.", flags=ways)
    seat.say("touch the cart")
    seat.sees("y yes")
    seat.answer("y")
    seat.sees("First")
    seat.say("/approve auto")
    seat.sees("commands are run unasked")
    seat.say("/map why shop/cart.py")
    seat.sees(r"shop/cart.py: place \d+ of \d+")
    seat.say("again")
    seat.sees("Second")
    assert (repo.root / "two").exists()
    seat.say("/approve always")
    seat.sees("/approve always cannot be used")
    assert seat.all.count("y yes") <= 1
    # Without --allow-host-exec nobody agreed to that.
    command = [str(repo.script), "--sandbox", "none", "--test", "off", *repo.replies("Unused.")]
    other = Seat(command, repo.root, {"R1CODE_STATE_DIR": f"{repo.state}-two", **repo.env})
    other.sees("y yes, run them here")
    other.answer("y")
    other.say("/approve auto")
    other.sees("nobody agreed to that")
    other.press("\x04")
    assert other.leaves() == 0
