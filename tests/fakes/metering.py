"""A proxy that counts what really passes between r1code and a server, and may cut it off.

with FakeServer([...]) as server, MeteringProxy(server.port) as proxy:
    ...                                   # point a client at proxy.url
proxy.answered                            # the requests that the server accepted, with the usage that passed
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Self

from fakes.prompts import render, tokens
from r1code.profiles import Price
from r1code.types import Usage

_PIECE = 65_536
_RESET = struct.pack("ii", 1, 0)


@dataclass
class Passed:
    """One connection: r1code opens a new one for each request."""

    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(bytes(self.sent).partition(b"\r\n\r\n")[2])

    @property
    def was_accepted(self) -> bool:
        """As far as anybody behind the proxy can know: a status that did not pass whole may have been any."""
        head, found, _ = bytes(self.received).partition(b"\r\n\r\n")
        return b"/chat/completions" in self.sent[:200] and (not found or head.split(b" ")[1] == b"200")

    @property
    def usage(self) -> Usage:
        """What passed of it; nothing is known where it did not pass."""
        for line in _plain(bytes(self.received)).split(b"\n"):
            if line.startswith(b"data: {") and line.endswith(b"}"):
                usage = json.loads(line.removeprefix(b"data: ")).get("usage")
                if usage is not None:
                    return Usage(
                        prompt=usage["prompt_tokens"],
                        cached=(usage.get("prompt_tokens_details") or {}).get("cached_tokens"),
                        completion=usage["completion_tokens"],
                        reasoning=(usage.get("completion_tokens_details") or {}).get("reasoning_tokens"),
                    )
        return Usage()


class MeteringProxy:
    """`cut`: after how many bytes of an answer the n-th connection (from 0) breaks; None: it does not."""

    def __init__(self, port: int, cut: Callable[[int], int | None] = lambda _: None) -> None:
        self._upstream = ("127.0.0.1", port)
        self._cut = cut
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.passed: list[Passed] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"

    @property
    def answered(self) -> list[Passed]:
        return [one for one in self.passed if one.was_accepted]

    def bill(self, price: Price) -> Decimal:
        """What a server can have billed at most: what passed, and where nothing did, all that it was allowed."""
        total = Decimal(0)
        for one in self.answered:
            prompt = len(tokens(render(one.body["messages"], "plain")))
            known = price.cost(one.usage, datetime.now(UTC)).total
            total += price.bound(prompt, one.body["max_tokens"]) if known is None else known
        return total

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone does not wake who accepts.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        while self._threads:
            self._threads.pop().join(10)

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments)
        thread.start()
        self._threads.append(thread)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                passed = Passed()
                self.passed.append(passed)
                server = socket.create_connection(self._upstream)
                self._start(self._ask, client, server, passed)
                self._start(self._answer, client, server, passed, self._cut(len(self.passed) - 1))

    def _ask(self, client: socket.socket, server: socket.socket, passed: Passed) -> None:
        with suppress(OSError):
            while data := client.recv(_PIECE):
                passed.sent += data
                server.sendall(data)
        # Also when the client was cut off, so that the server and the other thread learn of it.
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _answer(self, client: socket.socket, server: socket.socket, passed: Passed, most: int | None) -> None:
        with client, server, suppress(OSError):
            while data := server.recv(_PIECE):
                data = data if most is None else data[: most - len(passed.received)]
                client.sendall(data)
                passed.received += data
                if most is not None and len(passed.received) >= most:
                    break
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            if most is not None and len(passed.received) >= most:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                # It wakes the thread that reads from it, which closing alone does not.
                client.shutdown(socket.SHUT_RD)
            else:
                client.shutdown(socket.SHUT_RDWR)


def _plain(answer: bytes) -> bytes:
    """The body, without the sizes of its chunks."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    if b"chunked" not in head.lower():
        return rest
    body = b""
    while rest:
        size, found, rest = rest.partition(b"\r\n")
        length = int(size or b"0", 16) if found else 0
        if not length:
            break
        body, rest = body + rest[:length], rest[length + 2 :]
    return body
