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
from r1code.events import Event, Notice
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


class Opens(Struct, frozen=True):
    """Another session is being opened."""

    session: str
    stops: bool
    """A cancel ends that, and the session of before goes on."""


Told = Event | Piece | Began | Idle | Failed | Opens


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
        """Of the session that is being opened, or is open."""
        self._gives_up = False
        """It is being opened, and another one can go on instead."""
        self._lock = threading.Lock()
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

    @property
    def can_stop(self) -> bool:
        """Whether a cancel ends something."""
        return self.is_busy or self._gives_up

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
        """Stops the job under way, or the opening of another session; False: there is none."""
        control = self._control
        if control is not None:
            control.cancel()
            return True
        # Once it is open its control is the session's own, which lasts.
        with self._lock:
            if self._gives_up:
                self._opening.cancel()
            return self._gives_up

    def leave(self) -> None:
        """Ends the job under way, and then the thread, in order. From any thread."""
        self._leaves.set()
        self._opening.cancel()
        self.cancel()
        self._jobs.put(None)

    def _work(self) -> None:
        going: Goes | None = Goes("", "")
        while going is not None:
            going = self._sit(going)

    def _sit(self, going: Goes) -> Goes | None:
        """In the session that it goes to, or could not; where it goes then."""
        with ExitStack() as stack:
            try:
                desk = self._open(going, stack)
            except (R1CodeError, Cancelled) as error:
                if not going.back or self._leaves.is_set():
                    raise
                # The other one cannot be had, or is not wanted any more: the one of before goes on.
                stopped = Notice(text="stopped: the session of before goes on")
                self._post(Failed(error) if isinstance(error, R1CodeError) else stopped)
                return Goes(going.back, "")
            self._run(self._begin, "", desk)
            return self._serve(desk)

    def _open(self, going: Goes, stack: ExitStack) -> Desk:
        """Raises R1CodeError and Cancelled."""
        control, can_stop = Control(), bool(going.back)
        with self._lock:
            self._opening, self._gives_up = control, can_stop
        if self._leaves.is_set():
            control.cancel()
        if going.session:
            self._post(Opens(going.session, can_stop))
        try:
            desk = stack.enter_context(self._opened(control, going.session))
        finally:
            with self._lock:
                self._gives_up = False
        if can_stop:
            # Somebody may have stopped it when all was done.
            control.check()
        return desk

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
