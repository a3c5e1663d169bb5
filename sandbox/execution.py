"""One script in a bubblewrap sandbox: a thread of its own starts and reads it, a bounded queue joins the two."""

from __future__ import annotations

import json
import os
import queue
import select
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from typing import IO

from r1code.control import POLL_SECONDS
from r1code.errors import StateError
from r1code.sandbox.command import SHELL_SIGNAL_BASE, SIGKILL
from r1code.sandbox.inside import PRIVATE_BYTES, STDERR, STDOUT, Ended, Item

STATUS, FILTER = "the status", "the filter"
"""Words of a command line that stand for the numbers of these open files."""
_WAKE, _SAID = -1, -2
_CHUNK = 1 << 16
_BEGIN_SECONDS = 5.0
_END_SECONDS = 5.0


class BubblewrapExecution:
    """Runs `words`, whose bubblewrap writes its status to STATUS and reads a system call filter from FILTER.

    When `over` is set, nothing of it runs any more.
    """

    def __init__(
        self, words: list[str], environment: dict[str, str], program: bytes, stdin: Iterable[bytes] | None
    ) -> None:
        self.items: queue.Queue[Item] = queue.Queue(maxsize=32)
        self.over = threading.Event()
        self._words = words
        self._environment = environment
        self._program = program
        self._stdin = stdin
        self._unsent: list[StateError] = []
        """Why not all of it could be sent."""
        self._lock = threading.Lock()
        self._closed = False
        self._wakes, self._waker = os.pipe()
        self._first: int | None = None
        """A pidfd of the first process inside; all others there end with it."""
        self._begun = False
        """Whether `first` is known, or there will be none."""
        self._errors = b""
        # bubblewrap dies with the thread that started it: this one follows it to its end.
        threading.Thread(target=self._work, name="r1code-bubblewrap", daemon=True).start()

    def close(self) -> None:
        """Stops reading, and kills what runs; `over` says when that is done."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._waker)

    def _work(self) -> None:
        ended = Ended(error=RuntimeError("the thread that followed a script broke"))
        try:
            ended = Ended(code=self._serve())
        except (OSError, StateError) as error:
            ended = Ended(error=error)
        finally:
            self.over.set()
            self._put(ended)
            self.close()
            os.close(self._wakes)

    def _serve(self) -> int:
        with ExitStack() as stack:
            process, status = self._started(stack)
            try:
                self._follow(process, status)
            finally:
                self._stop(process)
        if self._unsent:
            raise self._unsent[0]
        if self._first is None and not self._closed:
            raise OSError(self._errors.decode(errors="replace").strip() or f"it ended with {process.returncode}")
        code = process.returncode
        return code if code >= 0 else SHELL_SIGNAL_BASE - code

    def _started(self, stack: ExitStack) -> tuple[subprocess.Popen[bytes], int]:
        status, theirs = os.pipe()
        stack.callback(os.close, status)
        with ExitStack() as ours:
            ours.callback(os.close, theirs)
            program = os.memfd_create("r1code-filter")
            ours.callback(os.close, program)
            os.write(program, self._program)
            os.lseek(program, 0, os.SEEK_SET)
            numbers = {STATUS: str(theirs), FILTER: str(program)}
            process = subprocess.Popen(
                [numbers.get(word, word) for word in self._words],
                stdin=subprocess.DEVNULL if self._stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(theirs, program),
                env=self._environment,
                cwd="/",
                start_new_session=True,
            )
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                stack.callback(pipe.close)
        if self._stdin is not None and process.stdin is not None:
            sender = threading.Thread(target=_send, args=(process.stdin, self._stdin, self._unsent), daemon=True)
            sender.start()
            stack.callback(sender.join)
        return process, status

    def _follow(self, process: subprocess.Popen[bytes], status: int) -> None:
        """Reads until all that could write is gone, or until it is closed and there is something to kill."""
        with selectors.DefaultSelector() as watched:
            watched.register(self._wakes, selectors.EVENT_READ, _WAKE)
            watched.register(status, selectors.EVENT_READ, _SAID)
            for number, pipe in ((STDOUT, process.stdout), (STDERR, process.stderr)):
                if pipe is not None:
                    watched.register(pipe, selectors.EVENT_READ, number)
            said, streams, deadline = b"", 2, float("inf")
            while streams and not (self._closed and (self._begun or time.monotonic() > deadline)):
                for key, _ in watched.select(None if deadline == float("inf") else POLL_SECONDS):
                    if key.data == _WAKE:
                        watched.unregister(key.fileobj)
                        deadline = time.monotonic() + _BEGIN_SECONDS
                        continue
                    data = os.read(key.fd, _CHUNK)
                    if not data:
                        watched.unregister(key.fileobj)
                        streams -= key.data > 0
                        self._begun = self._begun or key.data == _SAID
                    elif key.data == _SAID:
                        said += data
                        self._learn(said)
                    else:
                        self._take(key.data, data)

    def _learn(self, said: bytes) -> None:
        """The first line of the status names the first process; bubblewrap waits until it is written."""
        if self._begun or b"\n" not in said:
            return
        self._begun = True
        # It may have ended already, and all the others with it.
        with suppress(ProcessLookupError):
            self._first = os.pidfd_open(int(json.loads(said.split(b"\n")[0])["child-pid"]))

    def _take(self, number: int, data: bytes) -> None:
        if number == STDERR:
            self._errors = (self._errors + data)[-PRIVATE_BYTES:]
        self._put((number, data))

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        """Waits until everything has ended, which a kill of the first process brings about."""
        if self._closed:
            if self._first is not None:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._first, SIGKILL)
            process.kill()
        process.wait()
        if self._first is not None:
            select.select([self._first], [], [], _END_SECONDS)
            os.close(self._first)

    def _put(self, item: Item) -> None:
        while not self._closed:
            try:
                self.items.put(item, timeout=POLL_SECONDS)
            except queue.Full:
                continue
            return


def _send(pipe: IO[bytes], source: Iterable[bytes], unsent: list[StateError]) -> None:
    try:
        # The other side may end early; its exit code and its words say why.
        with suppress(OSError), pipe:
            for data in source:
                pipe.write(data)
                pipe.flush()
    except StateError as error:
        unsent.append(error)
