"""One HTTP exchange that another thread can watch and cut off."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Literal, Protocol, cast

import httpx2

CONNECT_SECONDS = 20.0
SENT = frozenset({"host", "accept", "accept-encoding", "connection", "content-type", "content-length"})
"""The headers that go out, with those given to Wire; what the SDK adds about this machine does not."""


class Spy(Protocol):
    """Sees what goes over the wire, in the thread that reads. Headers have the key in them."""

    def sent(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> None: ...

    def got(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """When the answer is over, or was cut: what came of it."""
        ...


class Wire:
    """The connections of one exchange. Every byte that comes is counted, comments and blank lines as well.

    The connection is not used again: a cancelled answer must not go on costing tokens, and a connection
    that a server has meanwhile dropped must not fail the next request.
    """

    def __init__(self, headers: Mapping[str, str], tap: Callable[[bytes], None] | None = None) -> None:
        """`headers` are sent with each request, the key among them; nothing else ever sees it.

        `tap` is given nothing when a request goes out, and then the bytes of the body as they come, in the
        thread that reads.
        """
        self.spy: Spy | None = None
        """Told of all that goes out and comes; None: nobody is."""
        self._headers = headers
        self._tap = tap
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._cut = False
        self.last_byte: float | None = None
        """When the last byte of an answer's body came, by the monotonic clock."""

    def client(self, tls: ssl.SSLContext) -> httpx2.Client:
        """Redirects are not followed: they would carry code and key to a server that nobody chose."""
        return httpx2.Client(
            verify=tls,
            follow_redirects=False,
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(max_keepalive_connections=0),
            event_hooks={"request": [self._requested], "response": [self._responded]},
        )

    @property
    def is_cut(self) -> bool:
        return self._cut

    def cut(self) -> None:
        """Ends the exchange now, for any thread: whoever reads or writes it fails at once."""
        with self._lock:
            self._cut = True
            for end in self._sockets:
                _shut(end)

    def release(self) -> None:
        """For the thread that reads, when it is done."""
        with self._lock:
            while self._sockets:
                self._sockets.pop().close()

    def _requested(self, request: httpx2.Request) -> None:
        for name in tuple(request.headers):
            if name not in SENT:
                del request.headers[name]
        request.headers.update(self._headers)
        request.extensions["trace"] = self._traced
        if self.spy is not None:
            self.spy.sent(request.method, str(request.url), request.headers, request.read())
        if self._tap is not None:
            self._tap(b"")

    def _responded(self, response: httpx2.Response) -> None:
        # The headers do not count as life: vLLM sends them at once, and then nothing until the prompt is read.
        response.stream = _Counted(cast("httpx2.SyncByteStream", response.stream), self, response)

    def _traced(self, name: str, info: Mapping[str, object]) -> None:
        if not name.endswith("connect_tcp.complete"):
            return
        # A duplicate, because TLS takes the first one over, and the handshake can hang as well.
        end = cast("_Stream", info["return_value"]).get_extra_info("socket").dup()
        with self._lock:
            self._sockets.append(end)
            if self._cut:
                _shut(end)

    def counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.last_byte = time.monotonic()
            if self._tap is not None:
                self._tap(chunk)
            yield chunk


class _Counted(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, wire: Wire, response: httpx2.Response) -> None:
        self._inner = inner
        self._wire = wire
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        chunks = self._wire.counted(iter(self._inner))
        return chunks if self._wire.spy is None else self._spied(chunks, self._wire.spy)

    def _spied(self, chunks: Iterator[bytes], spy: Spy) -> Iterator[bytes]:
        body: list[bytes] = []
        try:
            for chunk in chunks:
                body.append(chunk)
                yield chunk
        finally:
            spy.got(self._response.status_code, self._response.headers, b"".join(body))

    def close(self) -> None:
        self._inner.close()


class _Stream(Protocol):
    """What the trace of a connection hands over."""

    def get_extra_info(self, info: Literal["socket"]) -> socket.socket: ...


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
