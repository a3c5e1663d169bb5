from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx2
import pytest

from fakes.chat import REQUEST, profile_at, provider
from fakes.pace import Pace
from fakes.server import HANG, Answer, FakeServer, chunk, fault, openai_error, told
from fakes.spawned import until
from r1code.control import Control
from r1code.errors import Cancelled
from r1code.providers.base import Delta
from r1code.providers.chat import ChatProvider
from r1code.providers.retry import Backoff
from r1code.providers.transport import Wire

IN_TIME = 0.5
"""The promise is 0.2 s; a loaded machine gets some more."""
PATIENCE = 40.0
"""For what the other side sees of it, when its turn comes."""
DELTA = chunk({"content": "a"})


def _cancelled(url: str, due: Callable[[list[object]], bool] = lambda _: True) -> tuple[float, list[object]]:
    """The time from the cancel to its effect, and what had come. The cancel comes a while after it is `due`."""
    control = Control()
    at: list[float] = []

    def cancel() -> None:
        until(lambda: due(got))
        time.sleep(0.4)
        at.append(pace.seconds)
        control.cancel()

    canceller = threading.Thread(target=cancel)
    got: list[object] = []
    with provider(url, backoff=Backoff()) as made, Pace() as pace:
        canceller.start()
        with pytest.raises(Cancelled):
            got.extend(made.stream(REQUEST, control))
        seconds = pace.seconds - at[0]
    canceller.join()
    return seconds, got


PHASES = {
    "before_the_headers": Answer(before=[HANG]),
    "before_the_first_byte": Answer([HANG]),
    "while_kept_alive": Answer([b": keep-alive\n\n", 0.02] * 500),
    "between_deltas": Answer([DELTA, HANG]),
    "in_a_flood_of_deltas": Answer([DELTA] * 20 + [DELTA, 0.001] * 20_000),
    "in_half_an_event": Answer([DELTA, b"data: {", HANG]),
    "before_the_usage": Answer([DELTA, chunk({}, "stop"), HANG]),
}


@pytest.mark.parametrize("name", PHASES)
def test_a_cancel_takes_effect_at_once_and_the_server_sees_it(name: str) -> None:
    says = b"choices" in str(PHASES[name].steps).encode()
    with FakeServer([PHASES[name]]) as server:
        seconds, got = _cancelled(server.url, lambda got: bool(got) if says else bool(server.chats))
        assert seconds < IN_TIME
        assert server.chats[0].gone.wait(PATIENCE)
    assert all(isinstance(item, Delta) for item in got)
    assert bool(got) == says


@pytest.fixture
def unaccepting() -> Iterator[int]:
    """The port of a listener whose queue is full: a connection is neither made nor refused."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for one in waiting:
            one.close()


def test_a_cancel_does_not_wait_for_a_connection(unaccepting: int) -> None:
    seconds, got = _cancelled(f"http://127.0.0.1:{unaccepting}/v1")
    assert (got, seconds < IN_TIME) == ([], True)


def test_a_cancel_does_not_wait_for_a_tls_handshake() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
        seconds, _ = _cancelled(url, lambda _: bool(select.select([listener], [], [], 0)[0]))
        connection, _ = listener.accept()
        with closing(connection):
            connection.settimeout(PATIENCE)
            # Its hello, and then the end: the client really left.
            while connection.recv(65536):
                pass
    assert seconds < IN_TIME


def test_a_cancel_does_not_wait_for_the_next_try() -> None:
    answer = fault(503, openai_error("busy"), retry_after="30")
    with FakeServer([answer]) as server:
        seconds, _ = _cancelled(server.url, lambda _: bool(server.chats))
    assert seconds < IN_TIME
    assert len(server.chats) == 1


def test_a_cancelled_control_begins_nothing() -> None:
    control = Control()
    control.cancel()
    begun: list[str] = []
    with FakeServer([told("ok")]) as server:
        profile = profile_at(server.url, session_header="X-Session")
        made = ChatProvider(profile, None, lambda: begun.append("headers") or "s")
        with pytest.raises(Cancelled):
            list(made.stream(REQUEST, control))
        made.close()
        assert (begun, server.seen) == ([], [])


def test_a_connection_that_is_made_after_the_cut_carries_nothing() -> None:
    wire = Wire({})
    wire.cut()
    with FakeServer([told("ok")]) as server, wire.client(httpx2.create_ssl_context()) as http:
        with pytest.raises(httpx2.TransportError):
            http.get(f"{server.url}/models")
        wire.release()
        assert server.seen == []


def test_a_stream_that_is_left_closes_its_connection() -> None:
    with FakeServer([Answer([DELTA, HANG])]) as server, provider(server.url) as made:
        stream = made.stream(REQUEST, Control())
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        assert server.chats[0].gone.wait(PATIENCE)


def test_closing_the_provider_closes_its_connections() -> None:
    with FakeServer([Answer([DELTA, HANG])]) as server, provider(server.url) as made:
        stream = made.stream(REQUEST, Control())
        next(stream)
        made.close()
        made.close()
        assert server.chats[0].gone.wait(PATIENCE)
        stream.close()  # type: ignore[attr-defined]


def test_no_thread_is_left_behind() -> None:
    before = set(threading.enumerate())
    with FakeServer([Answer([DELTA, HANG])]) as server:
        _cancelled(server.url)
        _cancelled(server.url)
    assert set(threading.enumerate()) <= before
