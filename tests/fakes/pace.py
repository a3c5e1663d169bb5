"""How long something takes on a machine that has nothing else to do."""

from __future__ import annotations

import os
import subprocess
import threading
from typing import Self

_TICK = 0.01
# With the start of a process about a tick: who only sleeps would be let in before all that work.
_TICKING = "while printf .; do sleep 0.009; done"


class Pace:
    """A clock that a busy machine slows down as it does everybody who waits: a process of its own ticks.

    For promises in seconds, which hold wherever somebody gets to run when they are due. Use it in a `with`.
    """

    def __init__(self) -> None:
        self._ticks = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        # A shell, which everybody may start: Python may lie in another person's home.
        self._process = subprocess.Popen(["/bin/sh", "-c", _TICKING], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._pipe = self._process.stdout.fileno()
        assert os.read(self._pipe, 1) == b"."
        os.set_blocking(self._pipe, False)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def seconds(self) -> float:
        """Since the beginning. For any thread."""
        with self._lock:
            while True:
                try:
                    ticks = len(os.read(self._pipe, 65_536))
                except BlockingIOError:
                    return self._ticks * _TICK
                assert ticks, "nothing ticks any more"
                self._ticks += ticks
