"""A listener for several threads."""

from __future__ import annotations

import threading

from r1code.events import Event
from r1code.ui.listener import Listener


class Serial:
    """Tells `inner` one event after the other: candidates speak at the same time."""

    def __init__(self, inner: Listener) -> None:
        self._inner = inner
        self._lock = threading.Lock()

    def on(self, event: Event) -> None:
        with self._lock:
            self._inner.on(event)

    def close(self) -> None:
        with self._lock:
            self._inner.close()
