"""From one session to another, in the REPL and before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from e2e.conftest import Repo
from fakes.seat import Seat

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HOST = ("--sandbox", "none", "--allow-host-exec", "--test", "off")


@pytest.fixture
def sit(repo: Repo) -> Iterator[Callable[..., Seat]]:
    seats: list[Seat] = []

    def sit_down(*words: str, replies: tuple[str, ...], size: tuple[int, int] = (40, 100)) -> Seat:
        command = [str(repo.script), *words, *repo.replies(*replies)]
        seat = Seat(command, repo.root, {"R1CODE_STATE_DIR": str(repo.state), **repo.env}, size)
        seats.append(seat)
        return seat

    yield sit_down
    for seat in seats:
        seat.close()


def logs(repo: Repo) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in sorted(repo.state.glob("sessions/*/log.jsonl"))}


def told(repo: Repo) -> dict[str, dict[str, object]]:
    return {one["title"]: one for one in json.loads(repo.run("sessions", "--json").out)}


def test_another_session_is_chosen_and_goes_on_in_the_same_repl(sit: Callable[..., Seat], repo: Repo) -> None:
    first = repo.run("-p", "Plant a birch", *HOST, *repo.replies("<done>The word is BIRCH.</done>"))
    assert first.code == 0, first.err
    birch = next(iter(logs(repo)))
    seat = sit(*HOST, replies=("The word is OAK.", "Two."))
    seat.sees("^>$")
    seat.say("Plant an oak")
    seat.sees(r"The word is OAK\.")
    # The REPL's session has a title of its first task.
    assert "Plant an oak" in told(repo)
    seat.say("/resume")
    seat.sees("resume> ")
    seat.sees("Plant an oak .*in use")
    seat.sees("Plant a birch .*ended|Plant a birch .*done")
    seat.type("birch")
    seat.sees_gone("Plant an oak")
    seat.press("\r")
    seat.sees(f"the session {birch} goes on")
    seat.sees(r"^>$")
    seat.say("and now?")
    seat.sees(r"^> and now\?(\n.*)*The word is OAK\.")
    assert "and now?" in logs(repo)[birch]
    oak = next(name for name in logs(repo) if name != birch)
    assert "and now?" not in logs(repo)[oak]
    seat.say("/resume nobody")
    seat.sees("! there is no session 'nobody'")
    seat.say(f"/resume {birch}")
    seat.sees("this is that session")
    # A fork goes on apart from what it was taken from.
    seat.say("/fork 1")
    fork = seat.sees(r"(\S+) is a fork of").split()[0]
    seat.sees(f"the session {fork} goes on")
    seat.say("only here")
    seat.sees(r"^> only here(\n.*)*The word is OAK\.")
    assert "only here" in logs(repo)[fork]
    assert "Plant a birch" in logs(repo)[fork]
    assert "and now?" not in logs(repo)[fork]
    assert "only here" not in logs(repo)[birch]
    # What cannot be opened leaves the one that is open.
    seat.say("/fork x")
    seat.sees("! /fork x cannot be used")
    seat.press("\x04")
    assert seat.leaves() == 0
    assert not any(one["in_use"] for one in told(repo).values())


def test_who_stops_the_opening_of_a_session_is_back_in_the_one_of_before(
    sit: Callable[..., Seat], repo: Repo
) -> None:
    seat = sit(*HOST, replies=("The word is OAK.", "The word is ELM."))
    seat.sees("^>$")
    seat.say("Plant an oak")
    seat.sees(r"The word is OAK\.")
    # So that opening one asks something, and waits.
    (repo.root / "AGENTS.md").write_text("Use tabs.\n")
    seat.say("/fork")
    fork = seat.sees(r"(\S+) is a fork of").split()[0]
    seat.sees(f"opening · {fork}")
    seat.sees("Do you trust this folder")
    seat.press("\x03")
    seat.sees("stopped: the session of before goes on")
    seat.sees(r"Do you trust this folder(.*\n)*.*Do you trust this folder")
    seat.answer("n")
    seat.sees("not told to the model")
    seat.say("And an elm")
    seat.sees(r"^> And an elm(\n.*)*The word is OAK\.")
    assert "And an elm" not in logs(repo)[fork]
    seat.press("\x04")
    assert seat.leaves() == 0


def test_resume_without_an_id_lets_a_person_choose_in_forty_columns(sit: Callable[..., Seat], repo: Repo) -> None:
    for task in ("Plant a birch", "Plant an oak"):
        assert repo.run("-p", task, *HOST, *repo.replies("<done>Done.</done>")).code == 0
    repo.env |= {"R1CODE_SANDBOX": "none", "R1CODE_TEST": "off"}
    seat = sit("resume", "--allow-host-exec", replies=("The word is ELM.",), size=(12, 40))
    seat.sees("resume> ")
    assert seat.lines[1].endswith("Plant an oak"), seat.lines
    assert all(len(line) <= 40 for line in seat.lines)
    seat.press("\x1b[B")
    seat.press("\r")
    # Its turn came to its end: it opens in the REPL.
    seat.sees("goes on")
    seat.sees("^>$")
    seat.say("hello")
    seat.sees(r"The word is ELM\.")
    assert "hello" in next(text for text in logs(repo).values() if "Plant a birch" in text)
    seat.press("\x04")
    assert seat.leaves() == 0
    left = sit("resume", replies=("Unused.",))
    left.sees("resume> ")
    left.press("\x1b")
    assert left.leaves() == 0
    # Nobody is asked through a pipe: the newest one is meant.
    assert "came to its own end" in repo.run("resume").err


def test_a_stopped_turn_that_is_chosen_goes_on_by_itself(sit: Callable[..., Seat], repo: Repo) -> None:
    stopped = repo.run("-p", "Stop early", "--steps", "1", *HOST, *repo.replies("<run>true</run>"))
    assert stopped.code == 5, stopped.err
    assert repo.run("-p", "Plant an oak", *HOST, *repo.replies("<done>Done.</done>")).code == 0
    seat = sit("resume", "--allow-host-exec", "--steps", "5", replies=("<done>The word is ELM.</done>",))
    seat.sees("resume> ")
    seat.type("budget")
    seat.sees_gone("Plant an oak")
    seat.press("\r")
    seat.sees(r"The word is ELM\.")
    assert seat.leaves() == 0
    assert told(repo)["Stop early"]["ended"] == "done"
