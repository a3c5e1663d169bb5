"""A listener that also keeps what it is told."""

from __future__ import annotations

from r1code.app.diary import Diary
from r1code.events import Event
from r1code.ui.listener import Listener


class Logged:
    """Implements Listener."""

    def __init__(self, inner: Listener, diary: Diary) -> None:
        self._inner = inner
        self._diary = diary

    def on(self, event: Event) -> None:
        self._diary.event(event)
        self._inner.on(event)

    def close(self) -> None:
        self._inner.close()
        self._diary.close()
