"""The one thread in which everything is done that takes time: opening the session, turns, commands."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import Generic, TypeVar

from msgspec import Struct

from r1code.control import Control
from r1code.errors import Cancelled, R1CodeError
from r1code.events import Event
from r1code.ui.piece import Piece


class Goes(Struct, frozen=True):
    """After this job the thread leaves its session, `back`, and opens another one."""

    session: str
    back: str


Desk = TypeVar("Desk")
Job = Callable[[Desk, Control], Iterable[Event | Piece | Goes]]
"""Events of what it does, or words of ours."""
Opened = Callable[[Control, str], AbstractContextManager[Desk]]
"""Of the id of a session; empty: the one that was asked for at the start."""


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
    """`opened` gives what jobs work with, in the thread. `post` is told of all that happens, in order.

    `begin` is the first job of each session.
    """

    def __init__(self, opened: Opened[Desk], post: Callable[[Told], None], begin: Job[Desk]) -> None:
        self._opened = opened
        self._post = post
        self._begin = begin
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
        going: Goes | None = Goes("", "")
        while going is not None:
            with ExitStack() as stack:
                try:
                    desk = stack.enter_context(self._opened(self._opening, going.session))
                except R1CodeError as error:
                    if not going.back:
                        raise
                    # The other one cannot be had: the one of before goes on.
                    self._post(Failed(error))
                    going = Goes(going.back, "")
                    continue
                self._run(self._begin, "", desk)
                going = self._serve(desk)

    def _serve(self, desk: Desk) -> Goes | None:
        """Until somebody leaves, or a job goes to another session."""
        while not self._leaves.is_set():
            job = self._jobs.get()
            if job is None:
                return None
            if (going := self._run(*job, desk)) is not None:
                return going
        return None

    def _run(self, job: Job[Desk], what: str, desk: Desk) -> Goes | None:
        going: Goes | None = None
        control = self._control = Control()
        if self._leaves.is_set():
            control.cancel()
        self._post(Began(what))
        try:
            for event in job(desk, control):
                if isinstance(event, Goes):
                    going = event
                else:
                    self._post(event)
        except Cancelled:
            going = None
        except R1CodeError as error:
            going = None
            self._post(Failed(error))
        finally:
            self._control = None
            self._post(Idle(tuple(control.steered())))
        return going
