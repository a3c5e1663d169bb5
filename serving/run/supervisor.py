"""The process beside a vLLM: starts it, starts it again when it crashed, and ends it with its answers given.

    python -P -m r1code.serving.run.supervisor FOLDER

It has the key in its environment, holds the folder's lock as long as it lives, and says in the folder how it is.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from types import FrameType

from filelock import Timeout

from r1code.serving.run.state import Kept, Now, Phase, Server, born

_POLL_SECONDS = 0.1
_LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 5.0
_HEALTH_SECONDS = 2.0
_GRACE_SECONDS = 30.0
"""Beyond the time for answers under way."""
_CLEAN_SECONDS = 60.0
_MOST_RESTARTS = 5
_LONGEST_WAIT_SECONDS = 60.0
_STEADY_SECONDS = 600.0
"""Who ran so long crashed for another reason than before."""


class Supervisor:
    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._server = kept.server()
        self._asks: list[int] = []
        """Signals by which somebody asked it to end."""
        self._restarts = 0
        self._was_ready = False

    def ask(self, number: int, _frame: FrameType | None) -> None:
        self._asks.append(number)

    def run(self) -> int:
        while True:
            process = self._start()
            if process is None:
                return 1
            ready_at = self._watch(process)
            if self._asks:
                self._end(process)
                self._say("stopped")
                return 0
            code = process.returncode
            # Its workers may live on, and hold the GPUs' memory.
            end_group(process.pid, signal.SIGKILL)
            clean(self._server)
            if ready_at is not None:
                self._was_ready = True
                self._restarts = 0 if time.monotonic() - ready_at > _STEADY_SECONDS else self._restarts
            # What never got ready would fail in the same way again.
            if not self._was_ready or self._restarts >= _MOST_RESTARTS:
                self._say("failed", why=str(code))
                return 1
            self._wait(min(2.0**self._restarts, _LONGEST_WAIT_SECONDS), code)
            self._restarts += 1
            if self._asks:
                self._say("stopped")
                return 0

    def _start(self) -> subprocess.Popen[bytes] | None:
        with self._kept.log.open("ab") as log:
            try:
                process = subprocess.Popen(
                    list(self._server.argv),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **self._server.environment},
                    start_new_session=True,
                )
            except OSError as error:
                log.write(f"{error}\n".encode())
                self._say("failed", why=str(error))
                return None
        self._say("starting", process)
        return process

    def _watch(self, process: subprocess.Popen[bytes]) -> float | None:
        """Until it ends, or somebody asks for that. When it was ready; None: never."""
        ready_at, looked = None, 0.0
        while process.poll() is None and not self._asks:
            if ready_at is None and time.monotonic() - looked > _LOOK_SECONDS:
                looked = time.monotonic()
                if _answers(self._server):
                    ready_at = looked
                    self._say("ready", process)
            time.sleep(_POLL_SECONDS)
        return ready_at

    def _wait(self, seconds: float, code: int) -> None:
        self._say("restarting", why=str(code))
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._asks:
            time.sleep(_POLL_SECONDS)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Answers under way are given, unless somebody asks a second time."""
        self._say("stopping", process)
        end_group(process.pid, signal.SIGTERM, leader_only=True)
        until = time.monotonic() + self._server.drain_seconds + _GRACE_SECONDS
        while process.poll() is None and time.monotonic() < until and len(self._asks) <= 1:
            time.sleep(_POLL_SECONDS)
        # Its workers, and it, where it did not end.
        end_group(process.pid, signal.SIGKILL)
        process.wait()
        clean(self._server)

    def _say(self, phase: Phase, process: subprocess.Popen[bytes] | None = None, *, why: str = "") -> None:
        pid = None if process is None else process.pid
        self._kept.keep(
            Now(
                phase=phase,
                supervisor=os.getpid(),
                pid=pid,
                born="" if pid is None else born(pid),
                restarts=self._restarts,
                why=why,
            )
        )


def end_group(pid: int, number: signal.Signals, *, leader_only: bool = False) -> None:
    with suppress(ProcessLookupError):
        if leader_only:
            os.kill(pid, number)
        else:
            os.killpg(pid, number)


def clean(server: Server) -> None:
    """What its process may have left behind."""
    if server.cleanup:
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                list(server.cleanup),
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_CLEAN_SECONDS,
            )


def _answers(server: Server) -> bool:
    connection = http.client.HTTPConnection(_reached(server.host), server.port, timeout=_HEALTH_SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _reached(host: str) -> str:
    """Where a server that listens at `host` is found from here."""
    try:
        one = ip_address(host)
    except ValueError:
        return host
    if not one.is_unspecified:
        return host
    return "127.0.0.1" if isinstance(one, IPv4Address) else "::1"


def main() -> int:
    # Nobody's child: whoever started us need not wait for us.
    if os.fork():
        return 0
    kept = Kept(Path(sys.argv[1]))
    # Held by this name: a lock that nobody names is let go. Who asks whether we live holds it for a moment.
    lock = kept.lock()
    try:
        lock.acquire(timeout=_PATIENCE_SECONDS)
    except Timeout:
        return 1
    supervisor = Supervisor(kept)
    signal.signal(signal.SIGTERM, supervisor.ask)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return supervisor.run()
    finally:
        lock.release()


if __name__ == "__main__":
    sys.exit(main())
