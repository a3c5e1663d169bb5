"""Every command of the REPL is used by somebody at a terminal; those that no other test uses, here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import FIX, Repo, passes
from fakes.seat import Seat
from r1code.ui.repl.commands import COMMANDS
from r1code.ui.repl.repl import LOCAL

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

TESTS = ["--test", "python3 -m pytest -q -p no:cacheprovider"]


@pytest.fixture
def seat(repo: Repo) -> Iterator[Seat]:
    replies = repo.replies(f"I look at it.\n\n{FIX}", "<done>The sign was wrong.</done>")
    command = [str(repo.script), "--sandbox", "none", "--allow-host-exec", *TESTS, *replies]
    found = Seat(command, repo.root, {"R1CODE_STATE_DIR": str(repo.state), **repo.env})
    found.sees(r"^>")
    yield found
    found.close()


def test_every_command_is_typed_in_some_test() -> None:
    typed = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    assert not [name for name in (*COMMANDS, *LOCAL) if not re.search(rf'"/{name}\b', typed)]


def test_what_shows_goes_back_and_judges(seat: Seat, repo: Repo) -> None:
    seat.say("/reasoning full")
    seat.sees("reasoning: full")
    seat.say("fix the discount")
    seat.sees("│ Let me think")
    seat.sees("verdict: fixed")
    seat.say("/diff")
    seat.sees(r"^ *\+ +return sum\(prices\) - discount")
    seat.say("/checkpoints")
    seat.sees(r"\*  +1 .* edit shop/cart.py")
    seat.say("/rewind 0")
    seat.sees("1 file put back")
    assert not passes(repo.root)
    seat.say("/test")
    seat.sees(r"tests: .* 1 failed")
    seat.say("/redo")
    seat.sees(r"put back · /undo")
    assert passes(repo.root)
    seat.say("/verify")
    seat.sees(r"(?s)verdict: .*verdict: ")
    seat.say("/run echo o''ne")
    seat.sees(r"^ *│ one")
    seat.say("/host echo t''wo")
    seat.sees("Run this on this machine")
    seat.answer("y")
    seat.sees(r"^ *│ two")
    seat.say("/drop")
    seat.sees("pinned")
    seat.say("/compact")
    seat.sees("short")
    seat.say("/diff nothing-like-that")
    seat.sees("! .*nothing-like-that")
    seat.say("/quit")
    assert seat.leaves() == 0
