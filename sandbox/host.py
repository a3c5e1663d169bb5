"""Commands on this machine, in the work tree itself: only where a person agreed to that."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import IO

from r1code.control import POLL_SECONDS, Control
from r1code.errors import SandboxError, StateError, TooLargeError
from r1code.sandbox.base import Connected, Limits, Only, Spawned, anything
from r1code.sandbox.command import SHELL_SIGNAL_BASE, SPAWNED, Exit, follow
from r1code.sandbox.connection import Connection, Input
from r1code.sandbox.environment import BASIC, allowed
from r1code.sandbox.follower import Follower
from r1code.tree.patch import Patch
from r1code.tree.snapshot import Snapshot
from r1code.types import ExecResult

MAX_READ_BYTES = 50_000_000
_INTERRUPT_SECONDS = 1.0
"""For a command to end in order, before it is killed."""
_CHUNK = 1 << 16
_ESCAPED_SECONDS = 1.0


class HostSandbox:
    """No protection at all, apart from limits of time and output, and an environment without keys.

    `scan` says what is in `root` now, and keeps the contents.
    """

    kind = "no sandbox"
    in_place = True

    def __init__(
        self, root: Path, *, limits: Limits, scan: Callable[[], Snapshot], around: Sequence[str] = ()
    ) -> None:
        """`around`: words of a command that runs the shell."""
        self._root = root
        self._around = around
        self._limits = limits
        self._scan = scan
        self._snapshot = Snapshot({})
        self._spawned: list[Follower] = []
        self._connected: list[Connection] = []

    @property
    def goes_on(self) -> bool:
        """Whether a spawned command runs."""
        return any(each.ended is None for each in self._spawned)

    @property
    def folder(self) -> str:
        return str(self._root)

    def start(self, control: Control) -> None:
        control.check()
        if not self._root.is_dir():
            raise SandboxError(
                "commands cannot run here",
                why=f"{self._root} is not a folder",
                hint="start r1code in a folder that exists",
            )

    def sync(self, snapshot: Snapshot, control: Control) -> None:
        """Commands run in the tree itself: there is nothing to copy."""
        control.check()
        self._snapshot = snapshot

    def run(
        self,
        command: str,
        control: Control,
        *,
        env: dict[str, str] | None = None,
        seconds: float | None = None,
        quiet: bool = False,
    ) -> Generator[str, None, ExecResult]:
        self.start(control)
        running = self._process(command, env or {})
        try:
            limit = self._limits.seconds if seconds is None else seconds
            return (yield from follow(running, control, self._limits, limit))
        finally:
            running.close()

    def refused(self, control: Control) -> str:
        """There is no network that refuses by name."""
        control.check()
        return ""

    def spawn(self, command: str, control: Control, *, env: dict[str, str] | None = None) -> Spawned:
        self.start(control)
        running = self._process(command, SPAWNED | (env or {}))
        self._spawned.append(Follower(running, self._limits, release=running.close))
        return self._spawned[-1]

    def connect(self, command: str, control: Control, *, env: dict[str, str] | None = None) -> Connected:
        self.start(control)
        given = Input()
        running = self._process(command, SPAWNED | (env or {}), given)
        connected = Connection(running, given, release=running.close)
        self._connected.append(connected)
        return connected

    def changes(self, control: Control, only: Only = anything) -> Patch:
        try:
            patch = self._snapshot.diff(control.call(self._scan)).only(only)
        except (StateError, OSError) as error:
            raise SandboxError(
                "what the command changed could not be seen",
                why=str(error),
                hint="look at the folder's permissions",
            ) from error
        self._snapshot = self._snapshot.with_patch(patch)
        return patch

    def read(self, path: str, control: Control) -> bytes | None:
        control.check()
        try:
            with Path(path).open("rb") as file:
                data = file.read(MAX_READ_BYTES + 1)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        except OSError as error:
            raise SandboxError(
                f"{path} could not be read", why=str(error), hint="look at its permissions"
            ) from error
        if len(data) > MAX_READ_BYTES:
            raise TooLargeError(
                f"{path} could not be read",
                why=f"it is larger than {MAX_READ_BYTES // 1_000_000} MB",
                hint="make the command write less",
            )
        return data

    def close(self) -> None:
        for each in self._spawned:
            each.close()
        for connected in self._connected:
            connected.close()
        self._spawned.clear()
        self._connected.clear()

    def _process(self, command: str, env: dict[str, str], given: Iterable[bytes] | None = None) -> _Process:
        words = [*self._around, shutil.which("bash") or "/bin/sh", "-c", command]
        return _Process(words, self._root, allowed(BASIC) | {"PYTHONDONTWRITEBYTECODE": "1"} | env, given)


def own_shell(command: str, root: Path, control: Control, limits: Limits) -> Generator[str, None, ExecResult]:
    """A person's command in their own shell, with their own environment and no limit of time.

    Yields and ends as Sandbox.run; a cancel interrupts it first. It reads nothing: the terminal is not its own.
    """
    control.check()
    shell = shutil.which(os.environ.get("SHELL", "")) or "/bin/sh"
    running = _Own([shell, "-c", command], root, dict(os.environ))
    try:
        return (yield from follow(running, control, limits, float("inf")))
    finally:
        running.close()


class _Guard:
    """A process that waits for r1code to be gone, however that came, and then kills a process group."""

    def __init__(self) -> None:
        watch = 'read -r group; read -r _; [ -z "$group" ] || kill -s KILL -- "-$group"'
        # Its input ends with the last process that holds the other end, which is us alone.
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", watch],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, group: int) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(b"%d\n" % group)
                self._process.stdin.flush()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


class _Process:
    """A shell in a process group of its own, killed as a group, also where r1code is killed: a `Running`.

    A child that leaves the group survives; on a machine without a container nothing finds it.

    `given`: what it reads; then only what it prints is output, not its errors.
    """

    def __init__(
        self, words: list[str], root: Path, env: dict[str, str], given: Iterable[bytes] | None = None
    ) -> None:
        try:
            self._guard = _Guard()
            try:
                self._process = subprocess.Popen(
                    words,
                    cwd=root,
                    env=env,
                    stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT if given is None else subprocess.DEVNULL,
                    bufsize=-1 if given is None else 0,
                    start_new_session=True,
                )
            except OSError:
                self._guard.close()
                raise
            self._guard.watch(self._process.pid)
        except OSError as error:
            raise SandboxError(
                "the command could not be started", why=str(error), hint="shorten it, or free some resources"
            ) from error
        self._closed = False
        self._chunks: queue.Queue[bytes] = queue.Queue(maxsize=32)
        self._stopped = threading.Event()
        self._reader = threading.Thread(target=self._drain, name="r1code-output", daemon=True)
        self._reader.start()
        self._sender: threading.Thread | None = None
        if given is not None and self._process.stdin is not None:
            what = (self._process.stdin, given)
            self._sender = threading.Thread(target=_send, args=what, name="r1code-input", daemon=True)
            self._sender.start()

    def read(self, control: Control, seconds: float) -> bytes:
        return control.get(self._chunks, seconds)

    def kill(self, control: Control) -> None:
        self._kill_group()
        self._stopped.set()

    def exit(self) -> Exit:
        code = self._process.wait()
        return Exit(code=code if code >= 0 else SHELL_SIGNAL_BASE - code)

    def close(self) -> None:
        self._stopped.set()
        self._reader.join()
        self._guard.close()
        # The number of the group may be that of another one after this.
        self._closed = True
        self._process.wait()
        if self._sender is not None:
            self._sender.join()
        self._pipe.close()

    def _drain(self) -> None:
        """Puts the output into the queue; then, when the shell has ended as well, the empty end of it."""
        pipe = self._pipe.fileno()
        deadline = float("inf")
        while not self._stopped.is_set() and time.monotonic() < deadline:
            if deadline == float("inf") and self._process.poll() is not None:
                # What it left in the background holds the pipe open; what even left the group does not count.
                self._kill_group()
                deadline = time.monotonic() + _ESCAPED_SECONDS
            if not select.select([pipe], [], [], POLL_SECONDS)[0]:
                continue
            data = os.read(pipe, _CHUNK)
            if not data:
                break
            self._put(data)
        while not self._stopped.is_set() and self._process.poll() is None:
            time.sleep(POLL_SECONDS)
        self._kill_group()
        self._put(b"")

    def _put(self, data: bytes) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._chunks.put(data, timeout=POLL_SECONDS)
                return

    @property
    def _pipe(self) -> IO[bytes]:
        if self._process.stdout is None:
            raise AssertionError("it was started with a pipe")
        return self._process.stdout

    def _kill_group(self) -> None:
        if self._closed:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


class _Own(_Process):
    """Interrupted before it is killed, as a person would with Ctrl-C."""

    def kill(self, control: Control) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_INTERRUPT_SECONDS)
        super().kill(control)


def _send(pipe: IO[bytes], given: Iterable[bytes]) -> None:
    # It may end before it has read all: whoever reads what it prints sees that.
    with contextlib.suppress(OSError), pipe:
        for data in given:
            view = memoryview(data)
            while view:
                view = view[pipe.write(view) :]
