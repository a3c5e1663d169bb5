"""One request and its answer: read by a thread of its own, taken by a caller who can leave at any time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from types import TracebackType
from typing import Self

from r1code.control import POLL_SECONDS, Control
from r1code.errors import ProviderError
from r1code.profiles import Timers
from r1code.providers.chunk import Chunk
from r1code.providers.transport import Wire

_QUEUED = 256
_JOIN_SECONDS = 0.1


class Exchange:
    """Use it in a `with`: leaving the block closes the connection, at whatever point it is.

    `produce` runs in the thread and yields what comes over `wire`; `place` is what people call the server.
    """

    def __init__(
        self, wire: Wire, produce: Callable[[Wire], Generator[Chunk, None, None]], timers: Timers, place: str
    ) -> None:
        self._wire = wire
        self._produce = produce
        self._timers = timers
        self._place = place
        self._items: queue.Queue[Chunk | Exception | None] = queue.Queue(_QUEUED)
        self._started = time.monotonic()
        # A daemon: a name that does not resolve blocks for as long as the system's resolver likes.
        self._thread = threading.Thread(target=self._run, name="r1code-chat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._thread.join(_JOIN_SECONDS)

    def cut(self) -> None:
        self._wire.cut()

    def next(self, control: Control, *, at_most: float | None = None) -> Chunk | None:
        """The next chunk that says something; None at the end, or after `at_most` seconds.

        Raises ProviderError and Cancelled.
        """
        since = time.monotonic()
        while True:
            try:
                # One look at a time: a byte that came may have brought the end of the waiting nearer.
                item = control.get(self._items, 0)
            except TimeoutError:
                if at_most is not None and time.monotonic() >= since + at_most:
                    return None
                self._check(since)
                continue
            if isinstance(item, Exception):
                raise item
            return item

    def _check(self, since: float) -> None:
        """Raises ProviderError when a timer has run out for a caller who has waited `since` then."""
        last, timers, now = self._wire.last_byte, self._timers, time.monotonic()
        if last is None and now >= self._started + timers.first_byte_seconds:
            what = "the server did not answer"
            why = f"not one byte came within {timers.first_byte_seconds:g} s (timers.first_byte_seconds)"
        # Counted from when the caller came back, if that was later: then nobody was reading.
        elif last is not None and now >= max(last, since) + timers.idle_seconds:
            what = "the connection to the server went silent"
            why = f"no byte came for {timers.idle_seconds:g} s, not even a keep-alive (timers.idle_seconds)"
        elif now >= since + timers.progress_seconds:
            what = "the server is alive and does not answer"
            why = f"for {timers.progress_seconds:g} s no piece of the answer came (timers.progress_seconds)"
        else:
            return
        hint = "try again; a slow server needs larger timers in its profile"
        raise ProviderError(what, why=f"{self._place}: {why}", hint=hint, retryable=True)

    def _run(self) -> None:
        last: Exception | None = RuntimeError("the thread that read the answer failed; its traceback was printed")
        try:
            with closing(self._produce(self._wire)) as chunks:
                for chunk in chunks:
                    if chunk and not self._put(chunk):
                        break
            last = None
        except ProviderError as error:
            last = error
        finally:
            self._wire.release()
            self._put(last)

    def _put(self, item: Chunk | Exception | None) -> bool:
        """False when nobody wants it any more."""
        while not self._wire.is_cut:
            try:
                self._items.put(item, timeout=POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False
