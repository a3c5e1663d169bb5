"""Much, slowly, and many at once: nothing falls over, and everybody else is answered."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections import Counter
from pathlib import Path

import pytest

from fakes.answers import DONE, chunk
from fakes.gateway import HELLO, Gateway, chat, received, running
from fakes.pace import Pace
from fakes.server import Answer
from fakes.strangers import CHAT, request, status_of, untouched

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("stands")]


def test_what_is_too_large_is_refused_before_it_has_come(gateway: Gateway, key: str) -> None:
    authorized = CHAT + f"Authorization: Bearer {key}\r\n".encode()
    announced = gateway.said(
        authorized + b"Content-Length: 10000000000\r\nConnection: close\r\n\r\n" + b"x" * 1_000
    )
    assert status_of(announced) == 413
    chunked = b"%x\r\n" % 60_000 + b"x" * 60_000 + b"\r\n"
    assert status_of(gateway.said(authorized + b"Transfer-Encoding: chunked\r\n\r\n" + chunked * 50)) == 413
    assert status_of(gateway.said(b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: g\r\n\r\n")) == 414
    assert status_of(gateway.said(request(key, "X: " + "a" * 40_000))) == 400
    assert status_of(gateway.said(request(key, *(f"X-{number}: {'a' * 100}" for number in range(900))))) == 400
    assert untouched(gateway)


def test_a_stranger_may_send_much_and_is_told_why_it_was_for_nothing(gateway: Gateway) -> None:
    for _ in range(5):
        assert status_of(gateway.said(request(None, body=b"x" * 1_900_000))) == 401


def test_who_sends_slowly_is_not_waited_for(gateway: Gateway, key: str) -> None:
    authorized = CHAT + f"Authorization: Bearer {key}\r\n".encode()
    heads = [gateway.raw() for _ in range(40)]
    bodies = [gateway.raw() for _ in range(20)]
    for end in heads:
        end.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nX: ")
    for end in bodies:
        end.sendall(authorized + b"Content-Length: 1000\r\n\r\n{")
    stop = threading.Event()

    def drip() -> None:
        """A byte now and then: never a pause that is too long by itself."""
        while not stop.wait(0.3):
            for end in (*heads, *bodies):
                try:
                    end.sendall(b"x")
                except (OSError, ValueError):
                    continue

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        with Pace() as pace:
            # Everybody else is answered meanwhile.
            assert gateway.ask(key).status_code == 200
            said = [received(end) for end in (*heads, *bodies)]
            assert pace.seconds < 15
    finally:
        stop.set()
        dripping.join()
        for end in (*heads, *bodies):
            end.close()
    assert {status_of(one) for one in said[:40]} <= {0, 408}
    assert {status_of(one) for one in said[40:]} <= {0, 408}
    assert len(gateway.chats()) == 1


def test_who_breaks_off_leaves_nothing_behind(gateway: Gateway, key: str) -> None:
    authorized = CHAT + f"Authorization: Bearer {key}\r\n".encode()
    for cut in (b"", b"POST", CHAT, authorized + b"Content-Length: 500\r\n\r\n{", authorized + b"\r\n"):
        for _ in range(5):
            with gateway.raw() as end:
                end.sendall(cut)
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as plain:
            plain.sendall(b"\x16\x03\x01\x00\xff not TLS")
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as plain:
        plain.sendall(request(key))
        assert status_of(plain.recv(65_536)) == 400
    assert untouched(gateway)
    assert gateway.counted("r1code_gateway_running") == 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [200, pytest.param(1_000, marks=pytest.mark.full)])
def test_many_at_once_are_answered_or_told_to_wait(tmp_path: Path, count: int) -> None:
    with running(tmp_path, "[bounds]\nconnections_per_address = 60\nheader_seconds = 60\n") as gateway:
        key = gateway.key("ada", "requests_per_minute=off", "concurrent=40")
        for one in gateway.replicas:
            one.answers[:] = [Answer([0.5, chunk({"content": "x"}, "stop"), DONE])]
        found = asyncio.run(_at_once(gateway, key, count))
        # Each one has an answer, and none of them is a failure of nginx or of the proxy.
        assert set(found) <= {200, 429}
        assert sum(found.values()) == count
        assert found[200] >= 40
        assert gateway.settled("ada").requests == found[200]
        for one in gateway.replicas:
            one.answers[:] = [HELLO]
        assert gateway.ask(key).status_code == 200
        assert max(one.most_at_once for one in gateway.replicas) <= 40


def test_an_address_has_only_so_many_requests_under_way(tmp_path: Path) -> None:
    with running(tmp_path, "[bounds]\nconnections_per_address = 60\nheader_seconds = 60\n") as gateway:
        key = gateway.key("ada", "requests_per_minute=off", "concurrent=40")
        # Whatever they are.
        unfinished = CHAT + f"Authorization: Bearer {key}\r\nContent-Length: 9\r\n\r\n".encode()
        held: list[ssl.SSLSocket] = []
        # One more each time: a place that a whole question had for a moment was refused to one of these.
        for _ in range(90):
            held.append(gateway.raw())
            held[-1].sendall(unfinished)
            if len(held) >= 60 and b"too many connections" in gateway.said(request(key)):
                break
        else:
            pytest.fail("nobody was refused")
        for end in held:
            end.close()


async def _at_once(gateway: Gateway, key: str, count: int) -> Counter[int]:
    """Statuses; a client of its own would take longer than the gateway."""
    asked = request(key, body=json.dumps(chat(stream=True)).encode())

    async def ask() -> int:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", gateway.port, ssl=gateway.tls, server_hostname="localhost", ssl_handshake_timeout=100
        )
        writer.write(asked)
        answer = await reader.read(-1)
        writer.close()
        return status_of(answer)

    return Counter(await asyncio.gather(*(ask() for _ in range(count))))
