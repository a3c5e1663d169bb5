"""One request and its answer: read by a thread of its own, taken by a caller who can leave at any time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from msgspec import Struct

from r1code.control import POLL_SECONDS, Control
from r1code.errors import ProviderError
from r1code.profiles import Timers
from r1code.providers.chunk import Chunk
from r1code.providers.transport import Wire

_QUEUED = 256
_JOIN_SECONDS = 0.1


class _Raised(Struct, frozen=True):
    error: BaseException


class Exchange:
    """Use it in a `with`: leaving the block closes the connection, at whatever point it is.

    `produce` runs in the thread and yields what comes over `wire`.
    """

    def __init__(self, wire: Wire, produce: Callable[[Wire], Iterator[Chunk]], timers: Timers) -> None:
        self._wire = wire
        self._produce = produce
        self._timers = timers
        self._items: queue.Queue[Chunk | _Raised | None] = queue.Queue(_QUEUED)
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
            due, error = self._due(since)
            wait = (due if at_most is None else min(due, since + at_most)) - time.monotonic()
            try:
                item = control.get(self._items, wait)
            except TimeoutError:
                if at_most is not None and time.monotonic() >= since + at_most:
                    return None
                if time.monotonic() >= self._due(since)[0]:
                    raise error from None
                continue
            if isinstance(item, _Raised):
                raise item.error
            return item

    def _due(self, since: float) -> tuple[float, ProviderError]:
        """When the server will be called dead, if nothing comes, and in which words."""
        last, timers = self._wire.last_byte, self._timers
        if last is None:
            silent, what = self._started + timers.first_byte_seconds, "the server did not answer"
            why = f"not one byte came within {timers.first_byte_seconds:g} s (timers.first_byte_seconds)"
        else:
            # Counted from when the caller came back, if that was later: then nobody was reading.
            silent, what = max(last, since) + timers.idle_seconds, "the connection to the server went silent"
            why = f"no byte came for {timers.idle_seconds:g} s, not even a keep-alive (timers.idle_seconds)"
        stuck = since + timers.progress_seconds
        if stuck < silent:
            what = "the server is alive and does not answer"
            why = f"for {timers.progress_seconds:g} s no piece of the answer came (timers.progress_seconds)"
        hint = "try again; a slow server needs larger timers in its profile"
        return min(silent, stuck), ProviderError(what, why=why, hint=hint, retryable=True)

    def _run(self) -> None:
        try:
            for chunk in self._produce(self._wire):
                if chunk and not self._put(chunk):
                    break
            self._put(None)
        except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread
            self._put(_Raised(error))
        finally:
            self._wire.release()

    def _put(self, item: Chunk | _Raised | None) -> bool:
        """False when nobody wants it any more."""
        while not self._wire.is_cut:
            try:
                self._items.put(item, timeout=POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False
