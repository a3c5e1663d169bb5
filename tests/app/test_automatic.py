from __future__ import annotations

from collections.abc import Generator

from fakes.desk import Desk
from r1code.app.automatic import commit_after, commit_at_end, finishing
from r1code.errors import StateError
from r1code.events import Event, Finished, Notice
from r1code.types import EndReason, ExitCode, Usage, Verdict


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


def test_a_session_commits_the_same_file_turn_after_turn(desk: Desk) -> None:
    with desk.turn() as session:
        for text in ("one\n", "two\n", "three\n"):
            desk.tree.write({"tracked": text.encode()})
            desk.tree.write({"tracked": f"{text}more\n".encode()})
            made = desk.commits.turn(session)
            assert made is not None
            assert desk.repository.git("show", "HEAD:tracked") == f"{text}more\n"
        # What a person did by hand and committed is none of the next turn's business either.
        desk.repository.write("tracked", "mine\n")
        desk.repository.git("commit", "-qam", "mine")
        desk.tree.write({"tracked": b"four\n"})
        assert desk.commits.turn(session) is not None
        assert desk.notes == []
        desk.repository.write("tracked", "mine again\n")
        desk.tree.write({"tracked": b"five\n"})
        assert desk.commits.turn(session) is None
    assert desk.notes == ["not committed: tracked (it has uncommitted changes of yours as well)"]
    assert desk.repository.git("show", "HEAD:tracked") == "four\n"


def test_after_a_turn_of_a_conversation_broken_tests_and_stops_are_left(desk: Desk) -> None:
    with desk.turn() as session:
        after = commit_after(desk.commits, session, desk.notes.append)
        desk.tree.write({"tracked": b"new\n"})
        head = desk.git.head()
        broken = Verdict(outcome="not_fixed", why="", sandbox="", broken=("t",))
        assert list(after("done", broken)) == []
        assert list(after("cancelled", None)) == []
        assert desk.git.head() == head
        right = Verdict(outcome="fixed", why="", sandbox="")
        assert list(after("done", right)) == []
        assert desk.git.head() != head
        desk.tree.write({"tracked": b"newer\n"})
        (desk.root / ".git/MERGE_HEAD").write_text(f"{head}\n")
        (warning,) = after("done", None)
    assert isinstance(warning, Notice)
    assert [warning.level, "merge" in warning.text] == ["warning", True]
