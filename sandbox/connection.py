"""A command that is spoken with while it runs: bytes go in and come out, both as they are."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

from r1code.control import Control
from r1code.sandbox.command import Running


def _nothing() -> None:
    """What is left to do where a `Running` does all."""


class Input:
    """What is put in, piece by piece, until it is ended. Whoever iterates it waits."""

    def __init__(self) -> None:
        self._pieces: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def put(self, data: bytes) -> None:
        self._pieces.put(data)

    def end(self) -> None:
        self._pieces.put(None)

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._pieces.get()) is not None:
            yield piece


class Connection:
    """Speaks with `running`, which reads `given`: a `Connected`.

    `release`: called after the kill, once.
    """

    def __init__(self, running: Running, given: Input, *, release: Callable[[], None] = _nothing) -> None:
        self._running = running
        self._given = given
        self._release = release
        self._stopped = False
        self._lock = threading.Lock()

    def read(self, control: Control, seconds: float) -> bytes:
        if self._stopped:
            return b""
        over = True
        try:
            data = self._running.read(control, seconds)
            over = not data
        except TimeoutError:
            over = False
            raise
        finally:
            if over:
                # What sends it would wait for more for ever.
                self._given.end()
        return data

    def write(self, data: bytes) -> None:
        self._given.put(data)

    def stop(self) -> None:
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
        self._given.end()
        self._running.kill(Control())
        self._release()

    close = stop
