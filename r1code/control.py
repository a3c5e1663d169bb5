"""The one way into a running turn, from any thread: cancel it, or steer it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import TypeVar

from r1code.errors import Cancelled

T = TypeVar("T")

POLL_SECONDS = 0.05
"""How often whatever blocks looks up; a cancel takes effect within a few of these."""


class Control:
    """Thread-safe. Whatever blocks takes one and returns within 0.2 s of a cancel by raising Cancelled."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._steered: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._callbacks: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Asks the turn to stop. For any thread, but not for a signal handler: it locks."""
        if self._cancelled.is_set():
            return
        self._cancelled.set()
        for callback in tuple(self._callbacks):
            callback()

    def steer(self, text: str) -> None:
        """Says something to the model at the next step."""
        self._steered.put(text)

    @contextmanager
    def limited(self, seconds: float | None) -> Generator[Control, None, None]:
        """A control for a part of the turn: this one's cancel reaches it, and `seconds` end it alone.

        None: this one itself.
        """
        if seconds is None:
            yield self
            return
        inner = Control()
        inner._steered = self._steered
        timer = threading.Timer(min(max(seconds, 0.0), threading.TIMEOUT_MAX), inner.cancel)
        timer.daemon = True
        with self.on_cancel(inner.cancel):
            timer.start()
            try:
                yield inner
            finally:
                timer.cancel()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raises Cancelled if the turn was cancelled."""
        if self._cancelled.is_set():
            raise Cancelled

    def steered(self) -> list[str]:
        """What was said since the last call, oldest first."""
        texts: list[str] = []
        while True:
            try:
                texts.append(self._steered.get_nowait())
            except queue.Empty:
                return texts

    def sleep(self, seconds: float) -> None:
        """Raises Cancelled as soon as the turn is cancelled."""
        if self._cancelled.wait(seconds):
            raise Cancelled

    def get(self, source: queue.Queue[T], seconds: float | None = None) -> T:
        """The next item of `source`. Raises Cancelled, or TimeoutError after `seconds`."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            self.check()
            try:
                return source.get(timeout=POLL_SECONDS)
            except queue.Empty:
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimeoutError from None

    def call(self, function: Callable[[], T], *, abandoned: Callable[[T], None] | None = None) -> T:
        """Runs a blocking `function` in a thread and returns its value or raises its exception.

        On a cancel this raises Cancelled at once and leaves the thread to finish; its value then goes to
        `abandoned`, which must release whatever the value holds and must not raise.
        """
        future: Future[T] = Future()

        def work() -> None:
            try:
                value = function()
            except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread
                future.set_exception(error)
            else:
                future.set_result(value)

        def release(late: Future[T]) -> None:
            if abandoned is not None and late.exception() is None:
                abandoned(late.result())

        # Not a daemon: the interpreter waits, so that what was abandoned is still released.
        threading.Thread(target=work, name="r1code-call").start()
        while True:
            if self.cancelled:
                future.add_done_callback(release)
                raise Cancelled
            # Not `result` with a timeout: its TimeoutError may come at the moment when the value does.
            if wait([future], timeout=POLL_SECONDS).done:
                return future.result()

    @contextmanager
    def on_cancel(self, callback: Callable[[], None]) -> Generator[None, None, None]:
        """Calls `callback` at the moment of a cancel (at once, if that was before) while the block runs.

        Contract: it must be quick, thread-safe, and must not raise.
        """
        with self._lock:
            self._callbacks.append(callback)
        try:
            if self.cancelled:
                callback()
            yield
        finally:
            with self._lock:
                self._callbacks.remove(callback)
