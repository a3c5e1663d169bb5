"""An ASGI application served from a thread, by uvicorn's protocol, on connections that can be broken anywhere."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from fakes.answers import CUT, HANG, Answer, Step

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
_FOREVER = 3600.0


class Gone(Exception):
    """The connection is over: the client left, or the script broke it."""


@dataclass
class Seen:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: Any
    raw: bytes = b""
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when the client closed the connection before the answer was over."""


class Listening:
    """`application` on a port of this machine, from now until `stop`."""

    def __init__(self, application: Application) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._socket.getsockname()[1]
        self.connections: dict[tuple[str, int], asyncio.Transport] = {}
        self._application = application
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fake-server")

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """From now on the port refuses connections. Safe to call again."""
        if self._ready.is_set() and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
        self._socket.close()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        config = uvicorn.Config(
            self._application, log_config=None, log_level="error", lifespan="off", ws="none", interface="asgi3",
            proxy_headers=False, server_header=False, date_header=False,
        )  # fmt: skip
        config.load()
        state = ServerState()
        server = await self._loop.create_server(
            lambda: _Protocol(config, state, self.connections), sock=self._socket
        )
        self._ready.set()
        await self._stopping.wait()
        for task in tuple(state.tasks):
            task.cancel()
        # Who is just being let in has to be, before the door is closed: asyncio loses such a connection.
        while self.connections or len(asyncio.all_tasks()) > 1:
            for transport in tuple(self.connections.values()):
                transport.abort()
            await asyncio.sleep(0)
        server.close()
        # What was aborted at last is closed in the loop's next turn.
        await asyncio.sleep(0)
        await server.wait_closed()


class _Protocol(H11Protocol):
    """Uvicorn's, whose connection the application may end by itself: ASGI knows no broken answers."""

    def __init__(
        self, config: uvicorn.Config, state: ServerState, connections: dict[tuple[str, int], asyncio.Transport]
    ) -> None:
        super().__init__(config=config, server_state=state, app_state={})
        self._connections = connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is None:
            # The client was gone before it was greeted.
            transport.abort()
        else:
            self._connections[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client is not None:
            self._connections.pop(self.client, None)
        super().connection_lost(exc)


async def body_of(receive: Receive) -> bytes:
    """Raises Gone."""
    data = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        data += message.get("body", b"")
        if not message.get("more_body"):
            return data


async def play(answer: Answer, seen: Seen, *, receive: Receive, send: Send, transport: asyncio.Transport) -> None:
    """Sends an answer step by step; ends early when the client leaves, or where a step says so."""
    left = asyncio.ensure_future(_left(receive))
    try:
        await _steps(answer.before, left, send, transport)
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await _steps(answer.steps, left, send, transport)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except Gone:
        # Uvicorn wants to know that the connection is over before the application ends.
        await left
        seen.gone.set()
    finally:
        left.cancel()


async def _steps(
    steps: Sequence[Step], left: asyncio.Future[None], send: Send, transport: asyncio.Transport
) -> None:
    for step in steps:
        if step == CUT:
            transport.close()
            raise Gone
        if isinstance(step, bytes):
            if step:
                await send({"type": "http.response.body", "body": step, "more_body": True})
                # Lets the loop see that the client is gone.
                await asyncio.sleep(0)
            if left.done():
                raise Gone
        else:
            await asyncio.wait({left}, timeout=_FOREVER if step == HANG else float(step))
            if left.done() or step == HANG:
                raise Gone


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
