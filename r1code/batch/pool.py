"""Who works on the tasks of a batch: threads of this process, each with one child process at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from msgspec import Struct

from r1code.batch.work import Done, Job, run_task
from r1code.control import Control
from r1code.errors import Cancelled


class Begun(Struct, frozen=True, kw_only=True):
    id: str


News = Begun | Done


class Pool(Protocol):
    """Works on jobs, several at a time."""

    def work(self, jobs: Iterable[Job], control: Control) -> Generator[News, None, None]:
        """What happens, as it happens; of each job one Done. No more jobs are taken than are worked on.

        Raises Cancelled after a cancel, as soon as nothing runs any more.
        """
        ...


class Threads:
    """`count` at a time. What is heavy is in the child processes: a process for each would only cost memory."""

    def __init__(self, count: int, run: Callable[[Job, Control], Done] = run_task) -> None:
        self._count = count
        self._run = run

    def work(self, jobs: Iterable[Job], control: Control) -> Generator[News, None, None]:
        waiting, running = iter(jobs), set[Future[Done]]()
        with ThreadPoolExecutor(self._count, thread_name_prefix="r1code-batch") as threads:
            try:
                while True:
                    while len(running) < self._count and not control.cancelled:
                        job = next(waiting, None)
                        if job is None:
                            break
                        yield Begun(id=job.task.id)
                        running.add(threads.submit(self._run, job, control))
                    if not running:
                        break
                    ended, running = wait(running, return_when=FIRST_COMPLETED)
                    for one in ended:
                        if not isinstance(one.exception(), Cancelled):
                            # What nobody expected is raised here, too.
                            yield one.result()
            finally:
                if running:
                    control.cancel()
        control.check()
