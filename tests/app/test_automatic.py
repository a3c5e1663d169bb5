from __future__ import annotations

from collections.abc import Generator

from fakes.desk import Desk
from r1code.app.automatic import commit_at_end, finishing
from r1code.errors import StateError
from r1code.events import Event, Finished, Notice
from r1code.types import EndReason, ExitCode, Usage


def finished(*, applied: bool = True, reason: EndReason = "done") -> Finished:
    return Finished(
        outcome="done",
        reason=reason,
        exit_code=ExitCode.OK,
        applied=applied,
        patch_file=None,
        session="s",
        usage=Usage(),
        seconds=0.0,
    )


def test_only_what_was_applied_and_not_stopped_is_committed(desk: Desk) -> None:
    session = desk.write("Do it", {"tracked": "new\n"})
    head = desk.git.head()
    at_end = commit_at_end(desk.commits, session)
    at_end(finished(applied=False), desk.notes.append)
    assert desk.notes == []
    at_end(finished(reason="cancelled"), desk.notes.append)
    assert desk.notes.pop() == "nothing was committed, for the turn was stopped; r1code commit does it"
    assert desk.git.head() == head
    at_end(finished(), desk.notes.append)
    assert desk.git.head() != head
    at_end(finished(), desk.notes.append)
    assert len(desk.notes) == 1


def test_what_fails_at_the_end_is_a_warning_before_the_last_event(desk: Desk) -> None:
    def events() -> Generator[Event, None, None]:
        yield Notice(text="first")
        yield finished()

    def fails(_finished: Finished, say: object) -> None:
        raise StateError("it is locked", why="because", hint="wait")

    first, warning, last = finishing(events(), [fails], desk.notes.append)
    assert first == Notice(text="first")
    assert isinstance(warning, Notice)
    assert (warning.level, "it is locked" in warning.text) == ("warning", True)
    assert last == finished()
