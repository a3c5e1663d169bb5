"""The results of a batch, checked anew by whoever wants to: no key and no model is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from r1code.batch.bundle import Bundle
from r1code.batch.heard import Heard
from r1code.batch.pool import Threads
from r1code.batch.result import ItsOutcome, Result, is_solved, total
from r1code.batch.task import BatchTask
from r1code.batch.work import STATE, Done, Job, about, prepared, run_r1code, run_task, try_of, unready
from r1code.control import Control
from r1code.errors import StateError, UsageError


class Rescored(Struct, frozen=True, kw_only=True):
    """What a task's result claims, and what its patch is found to be."""

    id: str
    claimed: ItsOutcome
    claimed_solved: bool
    found: ItsOutcome | None
    """None: there was no patch, and so nothing to test."""
    found_solved: bool
    why: str = ""

    @property
    def agrees(self) -> bool:
        """About what counts: whether it is solved."""
        return self.claimed_solved == self.found_solved

    @property
    def is_known(self) -> bool:
        """Whether anything was found out."""
        return self.found not in _NOTHING_FOUND


_NOTHING_FOUND = frozenset(
    {"backend", "sandbox", "internal", "killed", "unfetched", "unprepared", "usage", "timeout"}
)


def rescore(
    bundle: Bundle, repos: Path | None, job: Job, control: Control, *, workers: int, fetch: bool
) -> Iterator[Rescored]:
    """Each result of the bundle, as it comes: its patch is applied to the base, and the tests run again.

    `repos`: the folder that the repositories lie in as they did. Raises Cancelled, and UsageError before anything
    starts where one is missing.
    """
    results = {one.id: one for one in bundle.results()}
    tasks = [_here(task, results[task.id], repos, fetch=fetch) for task in bundle.tasks if task.id in results]
    tested = [task for task in tasks if results[task.id].has_patch]
    for task in tasks:
        if not results[task.id].has_patch:
            yield _compared(results[task.id], None)
    jobs: Iterable[Job] = (replace(job, task=task) for task in tested)

    def run(one: Job, stop: Control) -> Done:
        return run_task(one, stop, lambda again, folder, inner: _once(again, folder, inner, bundle))

    with closing(Threads(workers, run).work(jobs, control)) as news:
        for one in news:
            if isinstance(one, Done):
                yield _compared(results[one.result.id], one.result)


def _here(task: BatchTask, result: Result, repos: Path | None, *, fetch: bool) -> BatchTask:
    if task.is_remote:
        if not fetch:
            raise UsageError(
                f"the repository of {task.id} is a URL",
                why=f"it is {task.repo}, and only --fetch allows the network",
                hint="--fetch allows it",
            )
        return task
    places = [] if repos is None else [repos / task.repo, repos / Path(task.repo).name]
    place = next((one.resolve() for one in places if one.is_dir()), None)
    if place is None:
        raise UsageError(
            f"the repository {task.repo} of {task.id} is not here",
            why="a bundle names repositories by where they lay in one folder, and holds none of them",
            hint="--repos FOLDER says in which folder they are",
        )
    return replace(task, repo=str(place), commit=result.base or task.commit)


def _once(job: Job, folder: Path, control: Control, bundle: Bundle) -> Done:
    task = job.task
    try:
        git, base, _ = prepared(task, folder / "repo")
        patch = folder / "patch.diff"
        patch.write_bytes(bundle.patch(task.id).encode("utf-8", "surrogateescape"))
    except (UsageError, StateError, OSError) as error:
        return unready(task, error)
    heard, state = Heard(folder), folder / f"{STATE}1"
    words = ["verify", str(patch), *about(task, git), *job.flags]
    one = try_of(run_r1code(words, job, state, control, heard=heard), heard, bundle.patch(task.id), state)
    return Done(
        result=Result(
            id=task.id,
            outcome=one.outcome,
            solved=is_solved(task, one.outcome, one.verdict),
            why=one.why,
            tries=(one,),
            spent=total([one.spent]),
            base=base,
            has_patch=True,
        )
    )


def _compared(claimed: Result, found: Result | None) -> Rescored:
    return Rescored(
        id=claimed.id,
        claimed=claimed.outcome,
        claimed_solved=claimed.solved,
        found=None if found is None else found.outcome,
        found_solved=found is not None and found.solved,
        why="" if found is None else found.why,
    )
