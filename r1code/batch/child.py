"""A command of a batch: guarded, with a time limit, and with its lines read as they come."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from msgspec import Struct

from r1code.batch import guard
from r1code.control import POLL_SECONDS, Control

_GRACE_SECONDS = 30.0
"""For a command that was asked to stop: it removes its containers."""
_MOST_WORDS = 8 * 1024
_PIECE = 64 * 1024


class Setting(Struct, frozen=True, kw_only=True):
    """Where and how long a command runs."""

    environ: Mapping[str, str]
    folder: str = ""
    """Where there is no such folder, it runs where this process does."""
    seconds: float | None = None
    grace: float = _GRACE_SECONDS
    """Seconds between being asked to stop and being killed."""


class Ended(Struct, frozen=True, kw_only=True):
    code: int
    """Below 0: the signal that killed it."""
    timed_out: bool
    interrupted: bool
    """It was asked to stop, by a cancel."""
    words: str
    """The end of what it said on standard error."""
    seconds: float


def run_child(command: Sequence[str], setting: Setting, hear: Callable[[bytes], None], control: Control) -> Ended:
    """Runs it in a process group of its own, which ends with this process, however that ends.

    `hear` gets what it writes to standard output, in pieces. When its time is up, and on a cancel, it is asked to
    stop and gets some grace; then it is killed. Raises OSError only where no process can be started.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile() as words:
        told, tell = os.pipe()
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(Path(guard.__file__)), str(tell), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                env=dict(setting.environ),
                cwd=setting.folder if setting.folder and Path(setting.folder).is_dir() else None,
                pass_fds=(tell,),
                # What a Ctrl-C at the terminal means is for the batch to say.
                start_new_session=True,
            )
        finally:
            os.close(tell)
        with process, os.fdopen(told) as numbers:
            watch = _Watch(process, started, setting)
            watch.until_ended(hear, control)
            _kill_orphans(process.returncode, numbers.readline())
        return Ended(
            code=process.returncode,
            timed_out=watch.timed_out,
            interrupted=watch.interrupted,
            words=_end_of(words.fileno()),
            seconds=time.monotonic() - started,
        )


class _Watch:
    """Over one process."""

    def __init__(self, process: subprocess.Popen[bytes], started: float, setting: Setting) -> None:
        self._process = process
        self._grace = setting.grace
        self._deadline = None if setting.seconds is None else started + setting.seconds
        self._kill_at: float | None = None
        self.timed_out = False
        self.interrupted = False

    def until_ended(self, hear: Callable[[bytes], None], control: Control) -> None:
        pipe = self._process.stdout
        with DefaultSelector() as selector:
            if pipe is not None:
                selector.register(pipe, EVENT_READ)
            while pipe is not None:
                self._look(control)
                # Before the pipe is looked at: what it said until its end is in there.
                ended = self._process.poll() is not None
                if selector.select(0 if ended else POLL_SECONDS):
                    piece = os.read(pipe.fileno(), _PIECE)
                    if not piece:
                        break
                    hear(piece)
                elif ended:
                    # What a process of it that got away holds open is not waited for.
                    break
        while self._process.poll() is None:
            self._look(control)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(POLL_SECONDS)

    def _look(self, control: Control) -> None:
        now = time.monotonic()
        if self._kill_at is None:
            self.interrupted = control.cancelled
            self.timed_out = not self.interrupted and self._deadline is not None and now >= self._deadline
            if self.interrupted or self.timed_out:
                self._kill_at = now + self._grace
                self._say(b"i")
        elif now >= self._kill_at:
            self._say(None)

    def _say(self, said: bytes | None) -> None:
        """None: the end of the pipe, on which the guard kills."""
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            return
        with suppress(OSError):
            if said is None:
                pipe.close()
            else:
                pipe.write(said)
                pipe.flush()


def _kill_orphans(code: int, number: str) -> None:
    """Where the guard itself was killed, its command may still run."""
    if code == -signal.SIGKILL and number.strip().isdigit():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(int(number), signal.SIGKILL)


def _end_of(words: int) -> str:
    size = os.lseek(words, 0, os.SEEK_END)
    os.lseek(words, max(0, size - _MOST_WORDS), os.SEEK_SET)
    return os.read(words, _MOST_WORDS).decode(errors="replace").strip()
