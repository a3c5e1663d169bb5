"""A batch from its tasks to its results. What has a result is done: the queue is what has none.

So there is no second place that says what is done, which a crash could make differ from the results. One process
at a time writes a folder, by a lock that ends with it; tasks that it was working on when it was killed have no
result, and are begun anew.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from msgspec import Struct
from msgspec.structs import replace

from r1code.batch.bundle import Bundle, Manifest
from r1code.batch.pool import Begun, Pool
from r1code.batch.result import Result
from r1code.batch.task import BatchTask, common_folder, portable
from r1code.batch.work import Job, clear
from r1code.control import Control
from r1code.errors import UsageError


class Started(Struct, frozen=True, kw_only=True, tag="BatchStarted", tag_field="event"):
    tasks: int
    done: int
    """Have a result from before."""


class TaskStarted(Struct, frozen=True, kw_only=True, tag="BatchTaskStarted", tag_field="event"):
    id: str


class TaskEnded(Struct, frozen=True, kw_only=True, tag="BatchTaskEnded", tag_field="event"):
    result: Result
    done: int
    solved: int
    """Of all, until now."""


class BatchEnded(Struct, frozen=True, kw_only=True, tag="BatchEnded", tag_field="event"):
    tasks: int
    done: int
    solved: int
    faults: int
    """Results that say nothing about the model."""
    seconds: float


_HOPELESS = 3
BatchEvent = Started | TaskStarted | TaskEnded | BatchEnded


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be done."""

    tasks: tuple[BatchTask, ...]
    manifest: Manifest
    job: Job
    """Each task's, but for the task itself."""
    retry: bool = False
    """Tasks whose result is a fault are done again."""


def run_batch(
    plan: Plan, bundle: Bundle, pool: Pool, control: Control, *, clock: Callable[[], float] = time.monotonic
) -> Generator[BatchEvent, None, None]:
    """Works on all tasks that have no result yet; results.jsonl is written however that ends.

    Raises UsageError, StateError and Cancelled.
    """
    began = clock()
    with bundle.locked():
        common = common_folder(plan.tasks)
        bundle.begin(plan.manifest, [portable(task, common) for task in plan.tasks])
        _swept(bundle)
        tally = _Tally(plan.tasks, bundle, retry=plan.retry)
        yield Started(tasks=len(plan.tasks), done=tally.done)
        jobs = (replace(plan.job, task=task, work=str(bundle.work)) for task in tally.left)
        try:
            with closing(pool.work(jobs, control)) as news:
                for one in news:
                    if isinstance(one, Begun):
                        yield TaskStarted(id=one.id)
                        continue
                    bundle.keep(one)
                    yield tally.told(one.result)
                    tally.give_up_early()
        finally:
            bundle.summed()
            if not plan.job.keep:
                shutil.rmtree(bundle.work, ignore_errors=True)
        yield BatchEnded(
            tasks=len(plan.tasks),
            done=tally.done,
            solved=tally.solved,
            faults=tally.faults,
            seconds=round(clock() - began, 3),
        )


def _swept(bundle: Bundle) -> None:
    """What a killed batch left behind goes now."""
    for folder in bundle.work.glob("*"):
        clear(folder)


class _Tally:
    """Counts, and no more: results stay where they are written."""

    def __init__(self, tasks: Sequence[BatchTask], bundle: Bundle, *, retry: bool) -> None:
        self.done = self.solved = self.faults = 0
        self.left: list[BatchTask] = []
        self._first: list[Result] = []
        """Of this run, and one more than is needed to judge it."""
        for task in tasks:
            result = bundle.result(task.id)
            if result is None or (retry and result.is_fault):
                self.left.append(task)
            else:
                self._count(result)

    def told(self, result: Result) -> TaskEnded:
        if len(self._first) <= _HOPELESS:
            self._first.append(result)
        self._count(result)
        return TaskEnded(result=result, done=self.done, solved=self.solved)

    def give_up_early(self) -> None:
        """Raises UsageError where none of the first tasks could be begun: the others could not, either."""
        first = self._first
        if len(first) == _HOPELESS and {one.outcome for one in first} == {"usage"}:
            raise UsageError(
                f"the first {_HOPELESS} tasks could not be begun",
                why=first[-1].why.replace("\n", " "),
                hint="correct that, and run the batch again with --retry",
            )

    def _count(self, result: Result) -> None:
        self.done += 1
        self.solved += result.solved
        self.faults += result.is_fault
