"""nginx and the proxies, started together and ended together."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from r1code.errors import StateError, UsageError
from r1code.serving.gateway.nginx import LookUp, addresses_of, command, looked_up, prepare, written
from r1code.serving.gateway.settings import Settings

_KILL_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_FOLLOW_SECONDS = 10.0
SETTINGS = "settings.json"


def run_all(settings: Settings, *, nginx: bool, listening: Callable[[], None]) -> None:
    """Until SIGTERM or SIGINT; `listening` is called once it takes connections.

    Raises UsageError and StateError, and that where one of them ends by itself.
    """
    prepare(settings)
    way_in = command(written(settings, _folder(settings))) if nginx else None
    file = settings.run / SETTINGS
    _write(file, settings)
    proxies = [
        [sys.executable, "-P", "-m", "r1code", "serve", "gateway", "--worker", str(slot), "--settings", str(file)]
        for slot in range(settings.workers)
    ]
    asyncio.run(_together(settings, proxies, way_in, listening))


def _folder(settings: Settings) -> Path:
    """Of nginx's configuration."""
    return settings.folder / "nginx"


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


class _Children:
    """What was started, each with a name for people."""

    def __init__(self) -> None:
        self.ends: dict[asyncio.Task[int], tuple[str, asyncio.subprocess.Process]] = {}

    async def start(self, name: str, words: Sequence[str]) -> None:
        # Sessions of their own: a Ctrl-C at the terminal is for this process, which ends them in order.
        one = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )
        self.ends[asyncio.create_task(one.wait())] = name, one

    def tell(self, name: str, number: signal.Signals) -> None:
        for end, (called, one) in self.ends.items():
            if called == name and not end.done():
                one.send_signal(number)

    async def first(self, *others: asyncio.Task[object]) -> set[asyncio.Task[object]]:
        """Waits until one of them, or of the others, has ended; which."""
        done, _ = await asyncio.wait([*self.ends, *others], return_when=asyncio.FIRST_COMPLETED)
        return done

    async def end(self, patience: float) -> None:
        for end, (name, one) in self.ends.items():
            if not end.done():
                # nginx drops everybody at SIGTERM, and lets them have their answers at SIGQUIT.
                one.send_signal(signal.SIGQUIT if name == "nginx" else signal.SIGTERM)
        _, late = await asyncio.wait(self.ends, timeout=patience)
        for end in late:
            self.ends[end][1].kill()
        await asyncio.wait(self.ends)


async def _together(
    settings: Settings,
    proxies: Sequence[Sequence[str]],
    nginx: Sequence[str] | None,
    listening: Callable[[], None],
) -> None:
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    for slot in range(settings.workers):
        settings.socket(slot).unlink(missing_ok=True)
    settings.pid.unlink(missing_ok=True)
    children = _Children()
    for words in proxies:
        await children.start("a proxy", words)
    following: list[asyncio.Task[None]] = []
    stop, ready = asyncio.create_task(asked.wait()), asyncio.create_task(_ready(settings))
    done = await children.first(stop, ready)
    if ready in done:
        # Not before: whoever came in would be told that nobody is there.
        if nginx is not None:
            await children.start("nginx", nginx)
            reload = partial(children.tell, "nginx", signal.SIGHUP)
            following.append(asyncio.create_task(follow_names(settings, reload)))
            ready = asyncio.create_task(_open(settings))
            done = await children.first(stop, ready)
        if ready in done:
            listening()
            done = await children.first(stop, *following)
    ready.cancel()
    await _end(settings, children, stop=stop, following=following, done=done)


async def _end(
    settings: Settings,
    children: _Children,
    *,
    stop: asyncio.Task[bool],
    following: Sequence[asyncio.Task[None]],
    done: set[asyncio.Task[object]],
) -> None:
    """Ends all. Raises StateError where one ended by itself, and what `following` raised."""
    for task in (stop, *following):
        task.cancel()
    await children.end(settings.bounds.drain_seconds + _KILL_SECONDS)
    for task in following:
        if task in done:
            await task
    if stop not in done:
        end, name = next((end, name) for end, (name, _) in children.ends.items() if end in done)
        raise StateError(
            "the gateway has ended",
            why=f"{name} ended by itself, with {end.result()}",
            hint="what it wrote above says why",
        )


async def follow_names(
    settings: Settings,
    reload: Callable[[], None],
    look_up: LookUp = addresses_of,
    seconds: float = _FOLLOW_SECONDS,
) -> None:
    """Has nginx look up the names of its servers again when other machines, or pods, have them. Never returns."""
    known = await asyncio.to_thread(looked_up, settings.replicas, look_up)
    while True:
        await asyncio.sleep(seconds)
        found = await asyncio.to_thread(looked_up, settings.replicas, look_up)
        if found == known:
            continue
        try:
            await asyncio.to_thread(written, settings, _folder(settings), look_up)
        except UsageError:
            # A name has no address just now: nginx would not start with it, and goes on with those that it has.
            continue
        known = found
        reload()


async def _open(settings: Settings) -> None:
    """Returns when nginx has its sockets: it writes this file then, and not where somebody else has the port."""
    while True:
        if settings.pid.exists():
            return
        await asyncio.sleep(_LOOK_SECONDS)


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
