"""nginx and the proxies, started together and ended together."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from r1code.errors import StateError
from r1code.serving.gateway.nginx import command, prepare, written
from r1code.serving.gateway.settings import Settings

_KILL_SECONDS = 5.0
_LOOK_SECONDS = 0.05
SETTINGS = "settings.json"


def run_all(settings: Settings, *, nginx: bool) -> None:
    """Until SIGTERM or SIGINT. Raises UsageError and StateError, and that where one of them ends by itself."""
    prepare(settings)
    way_in = command(written(settings, settings.folder / "nginx")) if nginx else None
    file = settings.run / SETTINGS
    _write(file, settings)
    proxies = [
        [sys.executable, "-P", "-m", "r1code", "serve", "gateway", "--worker", str(slot), "--settings", str(file)]
        for slot in range(settings.workers)
    ]
    asyncio.run(_together(settings, proxies, way_in))


def load(file: Path) -> Settings:
    """What `run_all` wrote for a worker."""
    return msgspec.json.decode(file.read_bytes(), type=Settings)


def _write(file: Path, settings: Settings) -> None:
    try:
        file.write_bytes(msgspec.json.encode(settings))
    except OSError as error:
        raise StateError(
            "the gateway cannot be started",
            why=f"{file}: {error}",
            hint="free some space, or fix its permissions",
        ) from error


async def _together(settings: Settings, proxies: Sequence[Sequence[str]], nginx: Sequence[str] | None) -> None:
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    stop = asyncio.create_task(asked.wait())
    names, ends = dict[asyncio.Task[int], str](), dict[asyncio.Task[int], asyncio.subprocess.Process]()

    async def start(name: str, words: Sequence[str]) -> None:
        # Sessions of their own: a Ctrl-C at the terminal is for this process, which ends them in order.
        one = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )
        end = asyncio.create_task(one.wait())
        names[end], ends[end] = name, one

    for slot in range(settings.workers):
        settings.socket(slot).unlink(missing_ok=True)
    for words in proxies:
        await start("a proxy", words)
    ready = asyncio.create_task(_ready(settings))
    done, _ = await asyncio.wait([*ends, stop, ready], return_when=asyncio.FIRST_COMPLETED)
    if ready in done:
        # Not before: whoever came in would be told that nobody is there.
        if nginx is not None:
            await start("nginx", nginx)
        done, _ = await asyncio.wait([*ends, stop], return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    stop.cancel()
    for end, one in ends.items():
        if not end.done():
            one.terminate()
    _, late = await asyncio.wait(ends, timeout=settings.bounds.drain_seconds + _KILL_SECONDS)
    for end in late:
        ends[end].kill()
    await asyncio.wait(ends)
    if stop not in done:
        ended = next(end for end in ends if end in done)
        raise StateError(
            "the gateway has ended",
            why=f"{names[ended]} ended by itself, with {ended.result()}",
            hint="what it wrote above says why",
        )


async def _ready(settings: Settings) -> None:
    """Returns when all proxies take connections."""
    for slot in range(settings.workers):
        while True:
            try:
                _, writer = await asyncio.open_unix_connection(settings.socket(slot))
            except OSError:
                await asyncio.sleep(_LOOK_SECONDS)
            else:
                writer.close()
                break
