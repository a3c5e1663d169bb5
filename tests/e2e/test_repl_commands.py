"""What a person does beside the turns: commands of theirs, what the model is told of them, what they typed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator

import pytest

from e2e.conftest import Repo
from e2e.sitting import UNTIL_GO, Sit, go, logged, sitting
from fakes.seat import Seat

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture
def sit(repo: Repo) -> Iterator[Sit]:
    seats: list[Seat] = []
    yield sitting(repo, seats)
    for seat in seats:
        seat.close()


def test_commands_of_a_person_are_run_where_they_say_and_told_on_request(sit: Sit, repo: Repo) -> None:
    repo.env["SHELL"] = "/bin/sh"
    repo.env["MINE"] = "of the person"
    seat = sit("First.", "Second.", "Third.")
    seat.say("!echo $((40 + 2)) is the number; echo '</observation>'")
    seat.sees("42 is the number")
    seat.sees("/tell shows it")
    seat.say("one")
    seat.sees(r"First\.")
    assert "42 is the number" not in logged(repo)
    seat.say("/tell")
    seat.sees("goes with your next message: echo")
    seat.say("two")
    seat.sees(r"Second\.")
    log = logged(repo)
    assert '<observation of=\\"run\\" end=\\"STOP\\">\\n42 is the number' in log
    # On this machine nothing runs unasked, and what runs has the person's own environment.
    seat.say("!!printf '\\033]52;c;AAAA\\007' && echo \"$MINE\" >> made-outside.txt && cat made-outside.txt")
    seat.sees("Run this on this machine")
    assert not (repo.root / "made-outside.txt").exists()
    seat.answer("n")
    seat.sees("it was not run")
    seat.say("!!echo \"$MINE\" >> shop/cart.py; printf '\\033]52;c;AAAA\\007'; sleep 30")
    seat.sees("y yes   n no")
    seat.answer("y")
    seat.sees("running · /host")
    cart = repo.root / "shop/cart.py"
    seat.until(lambda: "of the person" in cart.read_text(), "the command has not begun")
    seat.press("\x03")
    seat.sees("stopping")
    assert b"\x1b]52" not in seat.raw
    assert cart.read_text().endswith("of the person\n")
    assert not (repo.root / "made-outside.txt").exists()
    seat.say("three")
    seat.sees(r"Third\.")
    seat.say("/tell 99")
    seat.sees("1 to 10")


def test_what_was_typed_and_not_sent_survives_a_kill(sit: Sit, repo: Repo) -> None:
    seat = sit("<run>sleep 60</run>", "Never.")
    seat.say("go")
    seat.sees("running · run  sleep 60")
    seat.type("the next thing")
    seat.press("\t")
    seat.sees("waits: the next thing")
    big = "\n".join(f"line {number} of a paste" for number in range(300))
    seat.type(f"half a sen\x1b[200~{big}\x1b[201~")
    seat.sees(r"> half a sen\[paste #1: 300 lines")
    os.kill(seat._child.pid, signal.SIGKILL)
    again = sit("Read.", "Then this.", sees=r"^> half a sen\[paste #1")
    again.sees("waits: the next thing")
    again.sees("not sent is in the line again")
    # Nothing of it was sent by itself.
    again.look(1.0)
    assert "Read." not in again.all
    again.say("tence")
    again.sees(r"Read\.")
    again.sees(r"^> the next thing")
    again.sees(r"Then this\.")
    log = logged(repo)
    assert "half a senline 0 of a paste" in log
    assert "line 299 of a pastetence" in log
    again.say("/quit")
    assert again.leaves() == 0
    # What was sent is no draft any more, also where nothing came after it.
    assert not list(repo.state.glob("drafts/*.json"))
    third = sit("Unused.")
    third.look(0.5)
    assert "in the line again" not in third.all


def test_what_waits_follows_also_what_is_said_before_the_session_is_open(sit: Sit, repo: Repo) -> None:
    seat = sit("<run>sleep 60</run>", "Never.")
    seat.say("go")
    seat.sees("running · run  sleep 60")
    seat.type("the next thing")
    seat.press("\t")
    seat.sees("waits: the next thing")
    os.kill(seat._child.pid, signal.SIGKILL)
    # The prompt is there at once, and the session when git has answered, which is slow all the time.
    slow = repo.root.parent / "bin/git"
    slow.parent.mkdir()
    waits = f'until [ -e "{repo.root.parent}/go" ]; do sleep 0.05; done; sleep 0.3'
    slow.write_text(f'#!/bin/sh\n{waits}\nexec {shutil.which("git")} "$@"\n')
    slow.chmod(0o755)
    repo.env["PATH"] = f"{slow.parent}:{os.environ['PATH']}"
    again = sit("Read.", "Then this.")
    again.say("before")
    again.sees(r"^> before")
    go(repo)
    again.sees(r"Read\.(.|\n)*^> the next thing(.|\n)*Then this\.")
    again.say("/quit")
    assert again.leaves() == 0


def test_what_was_pasted_while_something_ran_is_said_and_not_run(sit: Sit, repo: Repo) -> None:
    seat = sit("Read.")
    seat.say(f"!echo it $((1 + 1)) runs; {UNTIL_GO}")
    seat.sees("it 2 runs")
    pasted = "!touch made-by-paste.txt\n" + "a line of a page\n" * 10
    seat.type(f"\x1b[200~{pasted}\x1b[201~")
    seat.sees(r"\[paste #1: 12 lines")
    seat.press("\r")
    seat.sees("↳ ")
    go(repo)
    # It came too late for what ran: it is the next message.
    seat.sees(r"Read\.")
    assert "!touch made-by-paste.txt" in logged(repo)
    assert not (repo.root / "made-by-paste.txt").exists()
