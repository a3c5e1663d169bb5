from __future__ import annotations

import threading
from collections.abc import Generator

import pytest

from fakes.chat import REQUEST, profile_at, timers
from fakes.server import Answer, FakeServer, say
from r1code.control import Control
from r1code.errors import ProviderError
from r1code.providers.base import Delta
from r1code.providers.chat import ChatProvider
from r1code.providers.chunk import Chunk
from r1code.providers.exchange import Exchange
from r1code.providers.transport import Wire

A = Chunk(deltas=(Delta(field="content", text="a"),))


def _exchange(produce: Generator[Chunk, None, None]) -> Exchange:
    return Exchange(Wire({}), lambda _wire: produce, timers(), "here:1")


def _all(*chunks: Chunk) -> Generator[Chunk, None, None]:
    yield from chunks


def _then(error: Exception) -> Generator[Chunk, None, None]:
    yield A
    raise error


def test_chunks_that_say_nothing_are_left_out() -> None:
    with _exchange(_all(Chunk(), A, Chunk(), A)) as exchange:
        assert [exchange.next(Control()) for _ in range(3)] == [A, A, None]


def test_a_failure_comes_after_what_came_before_it() -> None:
    failure = ProviderError("lost", why="w", hint="h")
    with _exchange(_then(failure)) as exchange:
        assert exchange.next(Control()) == A
        with pytest.raises(ProviderError) as caught:
            exchange.next(Control())
    assert caught.value is failure


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_the_reader_surfaces_instead_of_hanging() -> None:
    with _exchange(_then(ZeroDivisionError("a bug"))) as exchange:
        assert exchange.next(Control()) == A
        with pytest.raises(RuntimeError, match="thread that read"):
            exchange.next(Control())


def test_a_reader_whose_caller_left_stops_reading() -> None:
    taken: list[int] = []
    ended = threading.Event()

    def endless() -> Generator[Chunk, None, None]:
        try:
            while True:
                taken.append(1)
                yield A
        finally:
            ended.set()

    with _exchange(endless()) as exchange:
        exchange.next(Control())
    assert ended.wait(40)
    # No more than what was asked for and what the queue holds.
    assert len(taken) < 300


def test_a_wait_with_a_limit_ends_with_nothing() -> None:
    gate = threading.Event()

    def blocked() -> Generator[Chunk, None, None]:
        gate.wait(5)
        yield A

    with _exchange(blocked()) as exchange:
        assert exchange.next(Control(), at_most=0.1) is None
        gate.set()
        assert exchange.next(Control()) == A


def test_a_tap_sees_the_request_go_out_and_then_all_that_the_server_wrote() -> None:
    heard: list[bytes] = []
    answer = say("ok", "Hm.")
    with FakeServer([Answer(answer)]) as server:
        tapped = ChatProvider(profile_at(server.url), None, lambda: "session-1", tap=heard.append)
        list(tapped.stream(REQUEST, Control()))
        tapped.close()
    assert (heard[0], b"".join(heard)) == (b"", b"".join(step for step in answer if isinstance(step, bytes)))
    # What is compressed says nothing to a tap.
    assert server.chats[0].headers["accept-encoding"] == "identity"
