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
SETTINGS = "settings.json"


def run_all(settings: Settings, *, nginx: bool) -> None:
    """Until SIGTERM or SIGINT. Raises UsageError and StateError, and that where one of them ends by itself."""
    prepare(settings)
    commands: list[Sequence[str]] = []
    if nginx:
        commands.append(command(written(settings, settings.folder / "nginx")))
    file = settings.run / SETTINGS
    _write(file, settings)
    commands += [
        [sys.executable, "-P", "-m", "r1code", "serve", "gateway", "--worker", str(slot), "--settings", str(file)]
        for slot in range(settings.workers)
    ]
    asyncio.run(_together(commands, settings.bounds.drain_seconds + _KILL_SECONDS))


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


async def _together(commands: Sequence[Sequence[str]], patience: float) -> None:
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    # Sessions of their own: a Ctrl-C at the terminal is for this process, which ends them in order.
    started = [
        await asyncio.create_subprocess_exec(*one, stdin=asyncio.subprocess.DEVNULL, start_new_session=True)
        for one in commands
    ]
    ends = {asyncio.create_task(one.wait()): one for one in started}
    stop = asyncio.create_task(asked.wait())
    done, _ = await asyncio.wait([*ends, stop], return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    for one in started:
        if one.returncode is None:
            one.terminate()
    _, late = await asyncio.wait(ends, timeout=patience)
    for end in late:
        ends[end].kill()
    await asyncio.wait(ends)
    if stop not in done:
        ended = next(one for end, one in ends.items() if end in done)
        program = "nginx" if ended is started[0] and "nginx" in commands[0][0] else "a proxy"
        raise StateError(
            "the gateway has ended",
            why=f"{program} ended by itself, with {ended.returncode}",
            hint="what it wrote above says why",
        )
