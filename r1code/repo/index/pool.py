"""Processes that parse. One that dies or hangs costs one file, and nothing that they do can harm this process."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

import msgspec

from r1code.control import POLL_SECONDS, Control
from r1code.errors import StateError
from r1code.repo.index.outline import Note, Outline
from r1code.repo.index.worker import Job, framed, frames

COMMAND = (sys.executable, "-P", "-m", "r1code.repo.index.worker")
SECONDS = 10.0
"""For one file."""
_BATCH = 24
_AHEAD = 8
"""A process gets its next jobs before it is done with those that it has."""
_MOST = 8
"""More processes than that wait for the one that writes."""
_PIECE = 1 << 16


def processes() -> int:
    """How many are worth having here."""
    return max(1, min(_MOST, len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1))


class _Worker:
    def __init__(self, command: Sequence[str]) -> None:
        # A session of its own: what a Ctrl-C at the terminal means is for r1code to say.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
        self._asked = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)
        self._buffer = bytearray()
        self.descriptor = self._answers.fileno()
        self.jobs: deque[Job] = deque()
        self.began = time.monotonic()
        """When it took up the first of its jobs."""
        self.is_ready = False
        """Whether it has ever said something."""

    def give(self, jobs: Sequence[Job]) -> None:
        if not self.jobs:
            self.began = time.monotonic()
        self.jobs.extend(jobs)
        # One that has died shows when it is read from.
        with suppress(BrokenPipeError):
            self._asked.write(framed(msgspec.msgpack.encode(jobs)))

    def take(self) -> list[tuple[Job, bytes]] | None:
        """What it has answered; None: it is gone."""
        piece = os.read(self.descriptor, _PIECE)
        if not piece:
            return None
        self._buffer += piece
        found: list[tuple[Job, bytes]] = []
        for frame in frames(self._buffer):
            self.began = time.monotonic()
            if self.is_ready:
                found.append((self.jobs.popleft(), frame))
            self.is_ready = True
        return found

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._asked.close()
        self._answers.close()


class Pool:
    """Of as many processes as there is work for; `close` ends them. For one thread at a time."""

    def __init__(
        self,
        contents: Path,
        *,
        most: int | None = None,
        command: Sequence[str] = COMMAND,
        seconds: float = SECONDS,
    ) -> None:
        """`contents`: the folder of the store that the jobs' digests are in. `seconds`: for one file."""
        self._command = (*command, str(contents))
        self._most = most or processes()
        self._seconds = seconds
        self._idle: list[_Worker] = []

    def run(self, jobs: Iterable[Job], control: Control) -> Iterator[tuple[Job, bytes]]:
        """Each job with its packed outline, in any order; what has no content any more is left out.

        Raises Cancelled, and StateError when no process can be started.
        """
        with selectors.DefaultSelector() as selector:
            work = _Work(deque(jobs), selector)
            try:
                while work.waiting or work.workers:
                    control.check()
                    self._engage(work)
                    for key, _ in selector.select(POLL_SECONDS):
                        yield from self._answered(work.workers[key.fd], work)
                    until = time.monotonic() - self._seconds
                    for worker in [one for one in work.workers.values() if one.jobs and one.began < until]:
                        yield from work.lost(worker, "slow")
                    self._rest(work)
            finally:
                # What is half done cannot be used again.
                for worker in work.workers.values():
                    worker.kill()

    def _engage(self, work: _Work) -> None:
        for worker in work.workers.values():
            if work.waiting and len(worker.jobs) <= _AHEAD:
                worker.give(self._batch(work.waiting))
        while work.waiting and len(work.workers) < self._most:
            worker = self._idle.pop() if self._idle else self._start()
            work.workers[worker.descriptor] = worker
            work.selector.register(worker.descriptor, selectors.EVENT_READ)
            worker.give(self._batch(work.waiting))

    def _start(self) -> _Worker:
        try:
            return _Worker(self._command)
        except OSError as error:
            raise _cannot_start(str(error)) from error

    def _batch(self, waiting: deque[Job]) -> list[Job]:
        fair = -(-len(waiting) // (2 * self._most))
        return [waiting.popleft() for _ in range(min(_BATCH, fair))]

    def _answered(self, worker: _Worker, work: _Work) -> Iterator[tuple[Job, bytes]]:
        answers = worker.take()
        if answers is None:
            yield from work.lost(worker, "crashed")
            return
        yield from ((job, packed) for job, packed in answers if packed)

    def _rest(self, work: _Work) -> None:
        """Whoever has no job, when there are none to give: another one may have got the last ones."""
        if not work.waiting:
            for worker in [one for one in work.workers.values() if not one.jobs]:
                work.dismiss(worker)
                self._idle.append(worker)

    def close(self, *, keep: int = 0) -> None:
        """Ends the processes, but for `keep`, so that a changed file need not wait for one."""
        while len(self._idle) > keep:
            self._idle.pop().kill()


class _Work:
    """What one run has to do, and who is at it."""

    def __init__(self, waiting: deque[Job], selector: selectors.BaseSelector) -> None:
        self.waiting = waiting
        self.selector = selector
        self.workers: dict[int, _Worker] = {}
        self._suspects: set[Job] = set()

    def dismiss(self, worker: _Worker) -> None:
        self.selector.unregister(worker.descriptor)
        del self.workers[worker.descriptor]

    def lost(self, worker: _Worker, note: Note) -> Iterator[tuple[Job, bytes]]:
        """A process died or hangs. Its jobs go to another one; with the first of them that happens twice at most.

        The second time it gets an outline that says so: it may have been the machine the first time.
        """
        self.dismiss(worker)
        worker.kill()
        if not worker.is_ready:
            raise _cannot_start("a new one said nothing and ended")
        if worker.jobs and worker.jobs[0] in self._suspects:
            job = worker.jobs.popleft()
            yield job, Outline(language=job.language, note=note).pack()
        else:
            self._suspects.update([*worker.jobs][:1])
        self.waiting.extend(worker.jobs)


def _cannot_start(why: str) -> StateError:
    return StateError(
        "the processes that read the project's sources cannot be started",
        why=why,
        hint="`python -m r1code.repo.index.worker /tmp </dev/null` with r1code's own Python may say more",
    )
