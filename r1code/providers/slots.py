"""So many requests at a time, whoever asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from r1code.control import POLL_SECONDS, Control


class Slots:
    """Thread-safe: candidates share those of one server. Nobody may wait for one while holding another."""

    def __init__(self, count: int) -> None:
        self._free = threading.Semaphore(count)

    @contextmanager
    def taken(self, control: Control, waiting: Callable[[], None]) -> Generator[None, None, None]:
        """Holds one for the block; calls `waiting` once if none is free. Raises Cancelled."""
        if not self._free.acquire(blocking=False):
            waiting()
            while not self._free.acquire(timeout=POLL_SECONDS):
                control.check()
        try:
            yield
        finally:
            self._free.release()
