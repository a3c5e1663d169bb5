"""The application: who may ask, what is sent on, what comes back, and what it used."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import cast, get_args

import httpx2
import msgspec

from r1code.serving.gateway.asked import Asked, Endpoint, read_asked
from r1code.serving.gateway.books import Books
from r1code.serving.gateway.http import (
    Gone,
    Head,
    Incoming,
    Receive,
    Reply,
    Scope,
    Send,
    head_of,
    session_of,
    trace_of,
)
from r1code.serving.gateway.keys import presented
from r1code.serving.gateway.metrics import Metrics
from r1code.serving.gateway.refusals import Refusal, failed_upstream, no_key, not_found
from r1code.serving.gateway.settings import Settings
from r1code.serving.gateway.sse import Events, Tally, TooLongError
from r1code.serving.gateway.store import Holder, Outcome
from r1code.serving.gateway.upstream import Upstream, whole

_PATHS: Mapping[tuple[str, str], str] = {
    ("GET", "/health"): "health",
    ("GET", "/v1/models"): "models",
    **{("POST", endpoint): "ask" for endpoint in get_args(Endpoint)},
}
_DRAIN_SECONDS = 3.0
_LAST_WORDS_SECONDS = 2.0


class Running:
    """One request that is with a server."""

    def __init__(self, row: int, holder: str, key: str, tally: Tally) -> None:
        self.row = row
        self.holder = holder
        self.key = key
        self.tally = tally
        self.stopped = asyncio.Event()
        self.outcome: Outcome = "cut"


class Gateway:
    """An ASGI application.

    Plain, for what matters here is who waits for what: a client that leaves, a key that is revoked and a limit of
    time each end a request that waits for a server.
    """

    def __init__(self, settings: Settings, books: Books, upstream: Upstream, metrics: Metrics) -> None:
        self._settings = settings
        self._bounds = settings.bounds
        self._books = books
        self._upstream = upstream
        self._metrics = metrics
        self._running: set[Running] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply, incoming = Reply(send), Incoming(receive)
        try:
            if scope["server"] is not None and scope["server"][1] is not None:
                # The only socket that is none of a file system: the metrics'.
                await self._tell_metrics(head_of(scope), reply)
            else:
                await self._handle(head_of(scope), incoming, reply)
        except Refusal as refusal:
            self._metrics.refused(refusal.reason)
            with contextlib.suppress(Gone):
                # nginx may be sending still: closed under it, the connection would be its error to word.
                await incoming.drained(self._bounds.body_bytes, _DRAIN_SECONDS)
                await reply.refuse(refusal)
        except Gone:
            pass

    def stop_the_revoked(self) -> None:
        for one in self._running:
            if not self._books.valid(one.key):
                one.stopped.set()

    async def _tell_metrics(self, head: Head, reply: Reply) -> None:
        if (head.method, head.path) != ("GET", "/metrics"):
            raise not_found()
        await self._metrics.answer(reply)

    async def _handle(self, head: Head, incoming: Incoming, reply: Reply) -> None:
        what = _PATHS.get((head.method, head.path))
        if what is None:
            raise not_found()
        if what == "health":
            await reply.whole(200, b'{"status":"ok"}', {"content-type": "application/json"})
            return
        shown = presented(head.headers.get(b"authorization"))
        holder = self._books.holder(shown)
        if shown is None or holder is None:
            raise no_key()
        if what == "models":
            await reply.whole(200, await self._upstream.models(), {"content-type": "application/json"})
            return
        endpoint = cast("Endpoint", head.path)
        asked = await self._read(head, endpoint, incoming, holder)
        row = await self._books.admit(holder, shown.id, (asked.input, asked.output))
        tally = Tally(asked.input, shows_usage=asked.shows_usage, shows_running_usage=asked.shows_running_usage)
        running = Running(row, holder.name, shown.id, tally)
        self._running.add(running)
        self._metrics.began(holder.name)
        try:
            route = self._books.route(holder, asked.session)
            answer = self._upstream.sent(endpoint, asked.sent(self._books.salt(holder)), route, trace_of(head))
            work = asyncio.create_task(self._relay(answer, running, reply, stream=asked.stream))
            await self._watched(work, running, incoming, reply)
        finally:
            self._settle(running)

    def _settle(self, running: Running) -> Future[None] | None:
        """None: it was settled before."""
        if running not in self._running:
            return None
        self._running.discard(running)
        self._metrics.ended(running.holder, running.tally.used, running.outcome)
        return self._books.settle(running.row, running.tally.used, running.outcome)

    async def _done(self, running: Running, outcome: Outcome) -> None:
        """Before the client has the end: whoever asks again at once finds its place free, at any proxy."""
        running.outcome = outcome
        if (settled := self._settle(running)) is not None:
            await asyncio.wrap_future(settled)

    async def _read(self, head: Head, endpoint: Endpoint, incoming: Incoming, holder: Holder) -> Asked:
        kind = head.headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        if kind != b"application/json" or head.headers.get(b"content-encoding", b"identity") != b"identity":
            raise Refusal(
                415, "the body has to be plain application/json", reason="request", code="invalid_request"
            )
        raw = await incoming.body(self._bounds.body_bytes, self._bounds.body_seconds)
        session = session_of(head, self._settings.session_header)
        return read_asked(raw, endpoint, self._books.limits(holder), session)

    async def _watched(
        self, work: asyncio.Task[None], running: Running, incoming: Incoming, reply: Reply
    ) -> None:
        """Waits for `work`, and ends it where the client leaves, the key is revoked, or it takes too long."""
        left, stopped = asyncio.create_task(incoming.gone()), asyncio.create_task(running.stopped.wait())
        ended = set[asyncio.Task[object]]()
        refusal: Refusal | None = None
        try:
            ended, _ = await asyncio.wait(
                {work, left, stopped},
                timeout=self._bounds.answer_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if work not in ended and left not in ended:
                refusal = (
                    no_key()
                    if stopped in ended
                    else Refusal(504, "the answer took too long", reason="stopped", code="timeout")
                )
        except asyncio.CancelledError:
            refusal = Refusal(503, "the gateway is being stopped", reason="stopped", code="unavailable")
            raise
        finally:
            await _cancel(work, left, stopped)
            if refusal is not None:
                self._metrics.refused(refusal.reason)
                with contextlib.suppress(TimeoutError):
                    # A client that does not read is told nothing.
                    async with asyncio.timeout(_LAST_WORDS_SECONDS):
                        await reply.refuse(refusal)
        if work in ended:
            work.result()

    async def _relay(
        self,
        answer: AbstractAsyncContextManager[httpx2.Response],
        running: Running,
        reply: Reply,
        *,
        stream: bool,
    ) -> None:
        """Raises Refusal."""
        started = time.monotonic()
        try:
            async with answer as response:
                if stream:
                    await self._stream(response, running, reply, started)
                else:
                    body = await whole(response)
                    running.tally.whole(body)
                    self._metrics.first_piece(time.monotonic() - started)
                    await self._done(running, "done")
                    await reply.whole(200, body, {"content-type": "application/json"})
        except httpx2.HTTPError as error:
            running.outcome = "failed"
            self._metrics.upstream_failed(type(error).__name__)
            raise failed_upstream(
                "the connection to the model's server broke; the answer is not whole"
            ) from error
        except (TooLongError, msgspec.MsgspecError) as error:
            running.outcome = "failed"
            self._metrics.upstream_failed("garbled")
            raise failed_upstream("the model's server sent what cannot be read") from error
        except Refusal as refusal:
            running.outcome = "failed"
            if refusal.reason == "upstream":
                self._metrics.upstream_failed(str(refusal.status))
            if not reply.begun:
                running.tally.refused()
            raise

    async def _stream(self, response: httpx2.Response, running: Running, reply: Reply, started: float) -> None:
        events, tally = Events(), running.tally
        await reply.begin_stream()
        async for data in response.aiter_raw():
            begun = tally.begun
            # Together what came together: each piece is a write to the client.
            shown = b"".join(event for one in events.fed(data) if (event := tally.shown(one)) is not None)
            if tally.begun and not begun:
                self._metrics.first_piece(time.monotonic() - started)
            if tally.done:
                await self._done(running, "failed" if tally.error else "done")
                await reply.last(shown)
                return
            if shown:
                await reply.piece(shown)
        raise failed_upstream("the model's server ended its answer early; it is not whole")


async def _cancel(*tasks: asyncio.Task[object] | asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        # Asked, or asyncio tells of it: what ended by being cancelled has nothing more to say.
        if not task.cancelled():
            task.exception()
