"""An interrupt in each phase of a turn: the prompt is back at once, and the next turn knows what was said."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from e2e.conftest import FIX, Repo
from fakes.pace import Pace
from fakes.seat import Seat

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

AT_ONCE = 8.0
"""Seconds, on a busy machine: all of these would take a minute or more."""


@pytest.fixture
def seats() -> Iterator[list[Seat]]:
    found: list[Seat] = []
    yield found
    for seat in found:
        seat.close()


def sat(repo: Repo, seats: list[Seat], replies: list[dict[str, object]], *flags: str) -> Seat:
    path = repo.state / "replies.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = [{"reasoning": "Let me think.", **one} for one in replies]
    path.write_text(
        "".join(
            "[[reply]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in one.items())
            for one in tables
        )
    )
    command = [str(repo.script), "--sandbox", "none", "--allow-host-exec", "--profile", "scripted"]
    seat = Seat([*command, "--replies", str(path), *flags], repo.root, {"R1CODE_STATE_DIR": str(repo.state)})
    seats.append(seat)
    seat.sees(r"^>")
    return seat


def test_a_turn_is_stopped_wherever_it_is(repo: Repo, seats: list[Seat]) -> None:
    replies: list[dict[str, object]] = [
        {"text": "never", "hang_after": 0},
        {"reasoning": "A thought that goes on.", "text": "never", "hang_after": 1},
        {"text": "Half of an answer, and a lot more of it.", "hang_after": 4},
        {"text": "<run>sleep 90</run>"},
        {"text": "<run>touch asked</run>"},
        {"text": "All is well."},
    ]
    seat = sat(repo, seats, replies, "--approve", "auto-edit", "--test", "off")
    phases = {
        "one": r"waiting for the model",
        "two": r"thinking",
        "three": r"Half of an answer",
        "four": r"y yes",
        "five": r"y yes",
    }
    for number, (word, shows) in enumerate(phases.items(), start=1):
        seat.say(f"turn {word}")
        seat.sees(shows)
        if word == "four":
            seat.answer("y")
            seat.sees("running · run  sleep 90")
        with Pace() as pace:
            seat.press("\x03")
            seat.sees(rf"(?s)(turn ended: cancelled.*){{{number}}}")
            seat.sees_gone("Esc stops it|y yes")
            assert pace.seconds < AT_ONCE
    seat.say("turn six")
    seat.sees(r"All is well\.")
    assert not (repo.root / "asked").exists()
    seat.press("\x04")
    assert seat.leaves() == 0
    log = next(repo.state.glob("sessions/*/log.jsonl")).read_text()
    # What it had said is kept, and told.
    assert "Half of an answer" in log


def test_tests_that_judge_are_stopped_too(repo: Repo, seats: list[Seat]) -> None:
    slow = ["--test", "sleep 90"]
    seat = sat(repo, seats, [{"text": FIX}, {"text": "<done>so</done>"}, {"text": "Well."}], *slow)
    seat.say("fix it")
    seat.sees("running the tests on the tree as it")
    with Pace() as pace:
        seat.press("\x03")
        seat.sees_gone("Esc stops it")
        assert pace.seconds < AT_ONCE
    seat.say("again")
    seat.sees(r"Well\.")
    assert "- discount" in (repo.root / "shop/cart.py").read_text()
    seat.press("\x04")
    assert seat.leaves() == 0


def test_a_command_is_stopped_after_it_has_asked_something(repo: Repo, seats: list[Seat]) -> None:
    command = [str(repo.script), "fix", "--sandbox", "none", "--test", "sleep 90"]
    seat = Seat(
        [*command, "--profile", "scripted", *repo.replies("never")],
        repo.root,
        {"R1CODE_STATE_DIR": str(repo.state)},
    )
    seats.append(seat)
    seat.sees("Go on without a sandbox")
    seat.say("y")
    seat.sees("running the tests on the tree")
    with Pace() as pace:
        seat.press("\x03")
        assert seat.leaves() == 130
        assert pace.seconds < AT_ONCE
