"""Starts and ends servers, and says how far a start is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from filelock import Timeout
from msgspec import Struct

from r1code.control import POLL_SECONDS, Control
from r1code.errors import ProviderError, UsageError
from r1code.serving.run.failures import Failure, failure_in
from r1code.serving.run.lines import Progress, seen_in
from r1code.serving.run.state import Kept, Server, born
from r1code.serving.run.supervisor import clean, end_group

_LAST_LINES = 400
_MOST_BYTES = 1 << 20
_LOOK_SECONDS = 1.0
_ALIVE_SECONDS = 15.0
"""In which a supervisor says that it is there."""


class Shown(Struct, frozen=True, kw_only=True):
    """A server as a list of them shows it."""

    name: str
    state: str
    """Its phase; `gone`: nobody watches it, and it does not run; `unwatched`: it runs, and nobody watches."""
    base_url: str
    served: str
    profile: str
    window: int
    started: float
    restarts: int
    why: str = ""
    hint: str = ""


def shown(kept: Kept) -> Shown:
    """Raises StateError."""
    server, now = kept.server(), kept.now()
    state: str = "starting" if now is None else now.phase
    if state not in {"failed", "stopped"} and not kept.is_supervised():
        state = "unwatched" if now is not None and now.born and born(now.pid or 0) == now.born else "gone"
    failure = failure_of(kept, now.why) if now is not None and state == "failed" else None
    return Shown(
        name=kept.name,
        state=state,
        base_url=server.base_url,
        served=server.served,
        profile=server.profile,
        window=server.window,
        started=server.started,
        restarts=0 if now is None else now.restarts,
        why="" if failure is None else failure.what,
        hint="" if failure is None else failure.hint,
    )


def start(kept: Kept, server: Server, environ: Mapping[str, str], project: str = "") -> None:
    """Its supervisor runs on when this process has ended. `project`: Compose's, where its words name one.

    Raises UsageError where one runs or starts already.
    """
    kept.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Held until the supervisor holds its own: of two that start one name, only the first gets so far.
    starting = kept.starting()
    try:
        starting.acquire(timeout=0)
    except Timeout:
        raise _taken(kept) from None
    try:
        _start(kept, server, environ, project)
    finally:
        starting.release()


def _start(kept: Kept, server: Server, environ: Mapping[str, str], project: str) -> None:
    if kept.is_supervised():
        raise _taken(kept)
    end_orphan(kept)
    kept.forget_now()
    if kept.log.exists():
        kept.log.replace(kept.log.with_name("log.1"))
    kept.log.touch(mode=0o600)
    kept.project.unlink(missing_ok=True)
    if project:
        kept.project.write_text(project, encoding="utf-8")
    kept.keep(server)
    subprocess.run(
        [sys.executable, "-P", "-m", "r1code.serving.run.supervisor", str(kept.folder)],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(environ),
        start_new_session=True,
    )
    until = time.monotonic() + _ALIVE_SECONDS
    while kept.now() is None and time.monotonic() < until:
        time.sleep(POLL_SECONDS)


def _taken(kept: Kept) -> UsageError:
    return UsageError(
        f"the server {kept.name} runs already",
        why="its name is taken",
        hint=f"r1code serve down {kept.name}, or --name for another one",
    )


def follow(kept: Kept, control: Control) -> Iterator[Progress]:
    """What the log shows, until the server is ready. Raises ProviderError where it ends before; Cancelled."""
    tail, begun, looked = Tail(kept.log), time.monotonic(), time.monotonic()
    while True:
        for line in tail.lines():
            if (seen := seen_in(line)) is not None:
                yield seen
        now = kept.now()
        if now is not None and now.phase == "ready":
            return
        if now is None and time.monotonic() - begun > _ALIVE_SECONDS:
            raise ProviderError(
                "the server was not started",
                why="the process that watches it said nothing",
                hint=f"look into {kept.folder}",
            )
        if now is not None and now.phase in {"failed", "stopped"}:
            raise told(failure_of(kept, now.why))
        if now is not None and time.monotonic() - looked > _LOOK_SECONDS:
            looked = time.monotonic()
            # What it said last, it may have said just now.
            if not kept.is_supervised() and kept.now() == now:
                raise ProviderError(
                    "nobody watches the server any more",
                    why="the process beside it was killed",
                    hint=f"r1code serve down {kept.name}, and start it again",
                )
        control.sleep(POLL_SECONDS)


def failure_of(kept: Kept, code: str) -> Failure:
    number = int(code) if code.lstrip("-").isdigit() else None
    return failure_in(last_lines(kept.log, _LAST_LINES), number)


def told(one: Failure) -> ProviderError:
    return ProviderError(one.what, why=one.why, hint=one.hint)


def stop(kept: Kept, control: Control, *, at_once: bool) -> None:
    """Answers under way are given first, unless `at_once`. Raises UsageError where it does not run; Cancelled."""
    now = kept.now()
    if now is None or not kept.is_supervised():
        if not end_orphan(kept):
            raise UsageError(
                f"the server {kept.name} does not run",
                why="nobody watches it, and its process is gone",
                hint=f"r1code serve logs {kept.name} shows how it ended",
            )
        return
    end_group(now.supervisor, signal.SIGTERM, leader_only=True)
    asked_again = False
    while kept.is_supervised():
        later = kept.now()
        if at_once and not asked_again and later is not None and later.phase == "stopping":
            asked_again = True
            end_group(now.supervisor, signal.SIGTERM, leader_only=True)
        control.sleep(POLL_SECONDS)


def end_orphan(kept: Kept) -> bool:
    """Ends a vLLM whose supervisor was killed. Whether there was one."""
    now = kept.now()
    lives = now is not None and now.pid is not None and bool(now.born) and born(now.pid) == now.born
    if now is not None and now.pid is not None and lives:
        end_group(now.pid, signal.SIGKILL)
    if now is not None:
        clean(kept.server())
    return lives


class Tail:
    """What was added to a file since the last look, in whole lines. A progress bar's returns end lines, too."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = 0
        self._rest = b""

    def lines(self) -> Iterator[str]:
        try:
            with self._file.open("rb") as log:
                log.seek(self._offset)
                added = log.read(_MOST_BYTES)
        except FileNotFoundError:
            return
        self._offset += len(added)
        *whole, self._rest = (self._rest + added.replace(b"\r", b"\n")).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")


def last_lines(file: Path, count: int) -> list[str]:
    try:
        with file.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - _MOST_BYTES))
            return log.read().decode(errors="replace").replace("\r", "\n").splitlines()[-count:]
    except FileNotFoundError:
        return []
