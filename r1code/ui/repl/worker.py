"""The one thread in which everything is done that takes time: opening the session, turns, commands."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from msgspec import Struct

from r1code.control import Control
from r1code.errors import Cancelled, R1CodeError
from r1code.events import Event
from r1code.ui.piece import Piece

Desk = TypeVar("Desk")
Job = Callable[[Desk, Control], Iterable[Event | Piece]]
"""Events of what it does, or words of ours."""


class Began(Struct, frozen=True):
    """A job is under way; `what` it is, in a few words of ours, if it is no turn."""

    what: str = ""


class Idle(Struct, frozen=True):
    """A job is over. `left`: what was said to it and nobody read."""

    left: tuple[str, ...] = ()


class Failed(Struct, frozen=True):
    """A job ended with an error for a person."""

    error: R1CodeError


Told = Event | Piece | Began | Idle | Failed


class Worker(Generic[Desk]):
    """`opened` gives what jobs work with, in the thread. `post` is told of all that happens, in order."""

    def __init__(
        self, opened: Callable[[Control], AbstractContextManager[Desk]], post: Callable[[Told], None]
    ) -> None:
        self._opened = opened
        self._post = post
        self._jobs: queue.SimpleQueue[tuple[Job[Desk], str] | None] = queue.SimpleQueue()
        self._opening = Control()
        self._control: Control | None = None
        self._leaves = threading.Event()

    def start(self) -> Future[None]:
        """The future is done when the thread is over; it has the exception that ended it, if one did."""
        executor = ThreadPoolExecutor(1, thread_name_prefix="r1code-worker")
        ended = executor.submit(self._work)
        executor.shutdown(wait=False)
        return ended

    @property
    def is_busy(self) -> bool:
        return self._control is not None

    def submit(self, job: Job[Desk], what: str = "") -> None:
        """After all that were submitted before. `what`: see Began."""
        self._jobs.put((job, what))

    def steer(self, text: str) -> bool:
        """Says something to the turn under way; False: there is none."""
        control = self._control
        if control is None:
            return False
        control.steer(text)
        return True

    def cancel(self) -> bool:
        """Stops the job under way; False: there is none."""
        control = self._control
        if control is None:
            return False
        control.cancel()
        return True

    def leave(self) -> None:
        """Ends the job under way, and then the thread, in order. From any thread."""
        self._leaves.set()
        self._opening.cancel()
        self.cancel()
        self._jobs.put(None)

    def _work(self) -> None:
        with self._opened(self._opening) as desk:
            while not self._leaves.is_set():
                job = self._jobs.get()
                if job is None:
                    return
                self._run(*job, desk)

    def _run(self, job: Job[Desk], what: str, desk: Desk) -> None:
        control = self._control = Control()
        if self._leaves.is_set():
            control.cancel()
        self._post(Began(what))
        try:
            for event in job(desk, control):
                self._post(event)
        except Cancelled:
            pass
        except R1CodeError as error:
            self._post(Failed(error))
        finally:
            self._control = None
            self._post(Idle(tuple(control.steered())))
