"""The little of HTTP that five fixed paths need, on plain ASGI."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from msgspec import Struct

from r1code.serving.gateway.refusals import Refusal, bad_request

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_LONGEST_SESSION = 256
_TRACE = re.compile(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_ONCE = (b"authorization", b"content-type", b"content-length", b"content-encoding", b"transfer-encoding", b"host")


class Gone(Exception):
    """The client has left."""


class Head(Struct, frozen=True, kw_only=True):
    """A request without its body."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]


def head_of(scope: Scope) -> Head:
    """Raises Refusal where the request could mean two things."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in headers and name in _ONCE:
            raise bad_request("a header stands there twice")
        headers[name] = value
    # As it came: what a path would decode to is not asked.
    raw = scope.get("raw_path") or b""
    path = raw.decode("latin-1") + ("?" if scope["query_string"] else "")
    return Head(method=scope["method"], path=path, headers=headers)


def session_of(head: Head, name: str) -> str | None:
    value = head.headers.get(name.encode())
    return value.decode("latin-1")[:_LONGEST_SESSION] if value else None


def trace_of(head: Head) -> str | None:
    """Of which trace of the client's this is a part, in the W3C's form; None: of none that can be read."""
    value = head.headers.get(b"traceparent", b"")
    return value.decode() if _TRACE.fullmatch(value) else None


class Incoming:
    """What comes from one client after the head."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._over = False

    async def body(self, most: int, seconds: float) -> bytes:
        """Raises Gone and Refusal."""
        body = bytearray()
        try:
            async with asyncio.timeout(seconds):
                while not self._over:
                    body += await self._piece()
                    if len(body) > most:
                        raise Refusal(
                            413,
                            f"the request is larger than {most} bytes",
                            reason="too_large",
                            code="request_too_large",
                        )
        except TimeoutError:
            raise Refusal(
                408, f"the request did not come within {seconds:g} s", reason="too_slow", code="request_timeout"
            ) from None
        return bytes(body)

    async def drained(self, most: int, seconds: float) -> None:
        """What is left of the body is read and forgotten, up to these bounds. Raises Gone."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._over and most >= 0:
                    most -= len(await self._piece())

    async def gone(self) -> None:
        """Returns when the client has left."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _piece(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Gone
        self._over = not message.get("more_body")
        return bytes(message.get("body", b""))


class Reply:
    """What is sent to one client, once."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False
        self.ended = False

    async def whole(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        await self._start(status, {**headers, "content-length": str(len(body))})
        await self._body(body, more=False)

    async def begin_stream(self) -> None:
        await self._start(200, {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store"})

    async def piece(self, data: bytes) -> None:
        """Waits while the client does not read."""
        await self._body(data, more=True)

    async def last(self, data: bytes) -> None:
        await self._body(data, more=False)

    async def refuse(self, refusal: Refusal) -> None:
        """As an answer of its own, or as the last event of one that has begun."""
        if self.ended:
            return
        if self.begun:
            await self._body(refusal.event(), more=False)
        else:
            await self.whole(refusal.status, refusal.body(), refusal.headers())

    async def _start(self, status: int, headers: Mapping[str, str]) -> None:
        self.begun = True
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def _body(self, data: bytes, *, more: bool) -> None:
        self.ended = not more
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
