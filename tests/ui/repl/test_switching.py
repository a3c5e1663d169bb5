"""From one session to another: the thread that does it, and the list that one is chosen from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from r1code.app.sessions.info import SessionInfo
from r1code.control import Control
from r1code.errors import StateError
from r1code.events import Event, Notice
from r1code.ui.flow import cells
from r1code.ui.piece import Piece
from r1code.ui.repl.picker import Picker, row
from r1code.ui.repl.worker import Failed, Goes, Opens, Told, Worker


class Sessions:
    """What was opened and closed, in order; `bad` cannot be opened."""

    def __init__(self) -> None:
        self.did: list[str] = []

    @contextmanager
    def opened(self, _: Control, session: str) -> Iterator[str]:
        if session == "bad":
            raise StateError("it is damaged", why="so", hint="so")
        self.did.append(f"+{session}")
        yield session
        self.did.append(f"-{session}")

    def begin(self, desk: str, _: Control) -> Iterable[Event | Piece | Goes]:
        self.did.append(f"begin {desk}")
        return ()


def worked(*wanted: str) -> tuple[list[str], list[Told]]:
    """What happens when jobs go to these sessions, one after the other, from the one that is open."""
    sessions = Sessions()
    told: list[Told] = []
    worker: Worker[str] = Worker(sessions.opened, told.append, sessions.begin)
    for session in wanted:

        def job(desk: str, _: Control, session: str = session) -> Iterable[Event | Piece | Goes]:
            yield Goes(session, desk or "first")

        worker.submit(job)
    worker.submit(lambda desk, _: (sessions.did.append(f"last in {desk}"), worker.leave(), ())[2])
    worker.start().result(timeout=60)
    return sessions.did, told


def test_one_session_is_closed_before_the_other_is_opened():
    did, _ = worked("a", "b")
    assert did == ["+", "begin ", "-", "+a", "begin a", "-a", "+b", "begin b", "last in b", "-b"]


def test_where_the_other_cannot_be_opened_the_one_of_before_goes_on():
    did, told = worked("a", "bad")
    assert did[-4:] == ["+a", "begin a", "last in a", "-a"]
    assert [one.error.what for one in told if isinstance(one, Failed)] == ["it is damaged"]


@pytest.mark.parametrize("moment", ["it begins", "all was opened"])
def test_an_opening_can_be_stopped_at_any_moment_and_the_session_of_before_goes_on(moment: str):
    sessions = Sessions()
    told: list[Told] = []

    @contextmanager
    def opened(control: Control, session: str) -> Iterator[str]:
        with sessions.opened(control, session) as desk:
            if session == "slow" and moment == "all was opened":
                assert worker.cancel()
            elif session == "slow":
                control.sleep(20)
            yield desk

    def post(what: Told) -> None:
        told.append(what)
        if isinstance(what, Opens):
            # Back there is nothing to stop any more: nothing else could go on.
            assert worker.can_stop is what.stops is (what.session == "slow")
            assert moment == "all was opened" or worker.cancel() is what.stops

    worker: Worker[str] = Worker(opened, post, sessions.begin)
    worker.submit(lambda *_: iter([Goes("slow", "first")]))
    worker.submit(lambda desk, _: (sessions.did.append(f"last in {desk}"), worker.leave(), ())[2])
    worker.start().result(timeout=60)
    assert sessions.did[-4:] == ["+first", "begin first", "last in first", "-first"]
    assert "begin slow" not in sessions.did
    assert [what for what in told if isinstance(what, Opens | Notice)] == [
        Opens("slow", stops=True),
        Notice(text="stopped: the session of before goes on"),
        Opens("first", stops=False),
    ]


def test_what_is_said_while_a_session_opens_is_for_that_one():
    def said(desk: str, _: Control) -> Iterable[Event | Piece | Goes]:
        sessions.did.append(f"said in {desk}")
        worker.leave()
        return ()

    def post(what: Told) -> None:
        if isinstance(what, Opens):
            assert not worker.steer("text")
            worker.submit(said)

    sessions = Sessions()
    worker: Worker[str] = Worker(sessions.opened, post, sessions.begin)
    worker.submit(lambda *_: iter([Goes("a", "first")]))
    worker.start().result(timeout=60)
    assert sessions.did[-4:] == ["+a", "begin a", "said in a", "-a"]


def test_the_first_that_cannot_be_opened_ends_it():
    sessions = Sessions()
    worker: Worker[str] = Worker(
        lambda control, _: sessions.opened(control, "bad"), lambda _: None, sessions.begin
    )
    with pytest.raises(StateError):
        worker.start().result(timeout=60)


def test_a_job_that_fails_goes_nowhere():
    sessions = Sessions()
    worker: Worker[str] = Worker(sessions.opened, lambda _: None, sessions.begin)

    def job(desk: str, _: Control) -> Iterable[Event | Piece | Goes]:
        yield Goes("a", desk)
        raise StateError("no", why="so", hint="so")

    worker.submit(job)
    worker.submit(lambda *_: (worker.leave(), ())[1])
    worker.start().result(timeout=60)
    assert sessions.did == ["+", "begin ", "-"]


INFOS = [
    SessionInfo(id="20261130-093113-c00b", title="Tabs in the lexer", branch="tabs", used=900, turns=2),
    SessionInfo(id="20261129-171502-39b5", title="Add a quiet option", branch="main", used=100, ended="budget"),
    SessionInfo(
        id="20261128-171502-0000",
        title="中文的标题很长很长很长很长很长很长很长很长很长很长很长很长很长很长",
        used=1,
    ),
]


class Sized(DummyOutput):
    def __init__(self, rows: int, columns: int) -> None:
        self.size = Size(rows=rows, columns=columns)

    def get_size(self) -> Size:
        return self.size


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as source:
        yield source


def chosen(keys: PipeInput, typed: str) -> str | None:
    keys.send_text(typed)
    return Picker(INFOS, now=1_000, output=Sized(10, 40), source=keys).choose()


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("\r", 0),
        ("\x1b[B\r", 1),
        ("\x1b[B\x1b[B\x1b[B\x1b[B\x1b[A\r", 1),
        ("QUIET\r", 1),
        ("budget add\r", 1),
        ("39b5\r", 1),
        ("main\x7f\x7f\x7f\x7ftabs\r", 0),
        ("nothing like it\r\x15\x1b[6~\r", 2),
        ("x\x03", None),
    ],
)
def test_it_is_chosen_by_arrows_and_by_words(keys: PipeInput, typed: str, number: int | None):
    assert chosen(keys, typed) == (None if number is None else INFOS[number].id)


def test_wide_rows_say_more_and_narrow_ones_the_title():
    assert row(INFOS[1], 1_000, 40).split() == ["15", "min", "Add", "a", "quiet", "option"]
    wide = row(INFOS[1], 1_000, 100)
    assert "budget" in wide
    assert "main" in wide


@given(st.text(max_size=80), st.text(max_size=40), st.integers(min_value=20, max_value=200))
def test_a_row_is_as_wide_as_the_terminal_and_harmless(title: str, branch: str, width: int):
    shown = row(SessionInfo(id="x", title=f"{title}\x1b[2J", branch=branch, used=1), 50, width)
    assert cells(shown) == width
    assert "\x1b" not in shown
    assert "\n" not in shown
