"""One process of the proxy: its sockets, its server, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import socket
from collections.abc import Generator, Mapping
from types import FrameType

import uvicorn
from filelock import FileLock, Timeout

from r1code.errors import UsageError
from r1code.serving.gateway.books import Books
from r1code.serving.gateway.metrics import Metrics
from r1code.serving.gateway.nginx import prepare
from r1code.serving.gateway.proxy import Gateway
from r1code.serving.gateway.refusals import Refusal
from r1code.serving.gateway.settings import Settings
from r1code.serving.gateway.upstream import Upstream


def run_worker(settings: Settings, slot: int, environ: Mapping[str, str]) -> None:
    """Until SIGTERM or SIGINT. Raises UsageError and StateError."""
    prepare(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn ends at these, and raises them again when it has: what comes after it has to come, too.
        signal.signal(number, _nothing)
    with _alone(settings, slot), _sockets(settings, slot) as sockets:
        asyncio.run(_serve(settings, slot, sockets, environ.get(settings.upstream_key_env) or None))


async def _serve(settings: Settings, slot: int, sockets: list[socket.socket], key: str | None) -> None:
    async with Books(settings.books, slot=slot, limits=settings.limits) as books:
        upstream = Upstream(settings.router, key)
        with contextlib.suppress(Refusal):
            # Nobody is there yet: what a request needs is loaded now, and not while the first client waits.
            await upstream.models()
        gateway = Gateway(settings, books, upstream, Metrics())
        server = uvicorn.Server(
            uvicorn.Config(
                gateway,
                # Strict, and in Python: a parser that reads what strangers wrote.
                http="h11",
                ws="none",
                loop="asyncio",
                interface="asgi3",
                lifespan="off",
                access_log=False,
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=math.ceil(settings.bounds.drain_seconds),
            )
        )
        watch = asyncio.create_task(books.watch(gateway.stop_the_revoked))
        try:
            await server.serve(sockets=sockets)
        finally:
            watch.cancel()
            await asyncio.wait([watch])


def _nothing(number: int, frame: FrameType | None) -> None:
    pass


@contextlib.contextmanager
def _alone(settings: Settings, slot: int) -> Generator[None, None, None]:
    """What runs under this number's name in the books is this process's."""
    lock = FileLock(settings.run / f"proxy-{slot}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(
            "the gateway runs already",
            why=f"another process holds {lock.lock_file}",
            hint="stop it first, or choose another folder for `state`",
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _sockets(settings: Settings, slot: int) -> Generator[list[socket.socket], None, None]:
    path = settings.socket(slot)
    host, _, port = settings.metrics.rpartition(":")
    with contextlib.ExitStack() as opened:
        try:
            path.unlink(missing_ok=True)
            inner = opened.enter_context(socket.socket(socket.AF_UNIX))
            inner.bind(str(path))
            # Whoever may enter the folder may connect: nginx's processes may be another user's.
            path.chmod(0o666)
            opened.callback(path.unlink, missing_ok=True)
            outer = opened.enter_context(socket.create_server((host.strip("[]"), int(port) + slot)))
        except (OSError, OverflowError) as error:
            raise UsageError(
                "the gateway cannot listen",
                why=f"{path}, or {settings.metrics} for the metrics: {error}",
                hint="choose another address for `metrics`, or another folder for `state`",
            ) from error
        yield [inner, outer]
