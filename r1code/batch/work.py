"""One task of a batch, from its beginning to its result: the same function for threads here and Ray elsewhere."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from r1code.app.sandboxes import prune_containers
from r1code.batch.child import Ended, Setting, run_child
from r1code.batch.heard import Heard
from r1code.batch.result import AGAIN, ItsOutcome, Result, Try, is_solved, outcome_of, total
from r1code.batch.task import BatchTask
from r1code.control import Control
from r1code.errors import Cancelled, R1CodeError, SandboxError, StateError, UsageError
from r1code.ledger import charges_of, spent
from r1code.log_file import entries_of
from r1code.naming import first_of
from r1code.repo.clone import change_since, clone_at, copy_of, patched, resolve, without
from r1code.repo.git import Git
from r1code.types import Spent

PATCH = "patch.diff"
COMMAND = (sys.executable, "-P", "-m", "r1code")
STATE = "state-"
_RUNNING = "running"
"""The file that says that r1code was started, and has not ended by itself: it may have left containers."""
_CLEAR_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_MOST_BACKOFF = 300.0
_MOST_PATCH = 64 * 1024 * 1024
_MOST_WHY = 2_000


class Job(Struct, frozen=True, kw_only=True):
    """A task, and how it is worked on."""

    task: BatchTask
    command: tuple[str, ...] = COMMAND
    """What starts r1code."""
    flags: tuple[str, ...] = ()
    """For each `r1code fix`."""
    work: str = ""
    """The folder in which it gets one of its own; empty: one that is made for it."""
    seconds: float | None = None
    """For each try."""
    attempts: int = 3
    backoff: float = 5.0
    """Seconds before the second attempt, doubled before each one after."""
    keep: bool = False
    """The folder stays."""
    cwd: str = ""
    """Where it runs, for the sake of relative paths in the flags; where there is no such folder, anywhere."""


class Done(Struct, frozen=True, kw_only=True):
    result: Result
    files: dict[str, bytes] = {}
    """What is kept with it, by name."""


Once = Callable[[Job, Path, Control], Done]
"""One attempt in a folder that is not there yet. Raises Cancelled."""


def run_task(job: Job, control: Control, once: Once | None = None) -> Done:
    """What came of it, after as many attempts as it needs and may have.

    Raises Cancelled, and then nothing of it counts. What is wrong with the task or its repository is a result.
    """
    made = None if job.work else tempfile.mkdtemp(prefix="r1code-batch-")
    folder = Path(job.work or made or "") / job.task.id
    failures: list[str] = []
    used: list[Spent] = []
    seconds = 0.0
    try:
        while True:
            started = time.monotonic()
            clear(folder)
            folder.mkdir(parents=True)
            done = (once or _attempt)(job, folder, control)
            seconds += time.monotonic() - started
            used.append(done.result.spent)
            number = len(used)
            if done.result.outcome not in AGAIN or number >= job.attempts:
                break
            failures.append(f"{done.result.outcome}: {done.result.why}")
            control.sleep(min(job.backoff * 2 ** (number - 1), _MOST_BACKOFF))
        result = replace(
            done.result, attempts=number, failures=tuple(failures), spent=total(used), seconds=round(seconds, 3)
        )
        return Done(result=result, files=done.files)
    finally:
        if not job.keep:
            clear(folder)
            if made is not None:
                shutil.rmtree(made, ignore_errors=True)


def clear(folder: Path) -> None:
    """Removes what an attempt left behind, containers too; where no engine answers, these stay."""
    if (folder / _RUNNING).exists():
        for state in folder.glob(f"{STATE}*"):
            with suppress(SandboxError, Cancelled):
                prune_containers(state, Control())
    # Whoever got away when it was killed may still write there: not into what comes next.
    gone = folder.with_name(f".{secrets.token_hex(8)}")
    try:
        folder.rename(gone)
    except FileNotFoundError:
        return
    deadline = time.monotonic() + _CLEAR_SECONDS
    while gone.exists() and time.monotonic() < deadline:
        shutil.rmtree(gone, ignore_errors=True)
        time.sleep(_LOOK_SECONDS if gone.exists() else 0)


def _attempt(job: Job, folder: Path, control: Control) -> Done:
    task = job.task
    try:
        git, base, start = prepared(task, folder / "repo")
    except (UsageError, StateError, OSError) as error:
        return unready(task, error)
    attempt = _Attempt(job, folder, git)
    while attempt.goes_on:
        control.check()
        attempt.once(control)
    patch = attempt.patch(start)
    last = attempt.tries[-1]
    files = {**attempt.files, **({PATCH: patch.encode("utf-8", "surrogateescape")} if patch else {})}
    result = Result(
        id=task.id,
        outcome=last.outcome,
        solved=is_solved(task, last.outcome, last.verdict),
        why=last.why,
        tries=tuple(attempt.tries),
        spent=total(one.spent for one in attempt.tries),
        base=base,
        has_patch=bool(patch),
    )
    return Done(result=result, files=files)


def unready(task: BatchTask, error: Exception) -> Done:
    """What came of a task whose repository could not be made ready."""
    outcome: ItsOutcome = "unprepared" if isinstance(error, UsageError) else "unfetched"
    return Done(result=Result(id=task.id, outcome=outcome, solved=False, why=_words(error)))


def prepared(task: BatchTask, folder: Path) -> tuple[Git, str, str]:
    """A repository of its own, the commit that the task names, and the one that it begins from.

    Raises UsageError, StateError and OSError.
    """
    if task.is_remote:
        git, base = clone_at(task.repo, task.commit, folder, remote=True), task.commit
    elif base := resolve(Path(task.repo), task.commit):
        git = clone_at(task.repo, base, folder)
    else:
        git = copy_of(Path(task.repo), folder, task.leave_out)
    if task.leave_out and base:
        without(git, task.leave_out)
    if task.patch:
        patched(git, task.patch, "tests")
    if task.path and not (folder / task.path).is_dir():
        raise UsageError(
            f"there is no folder {task.path} in the repository",
            why="`path` names it",
            hint="correct `path` or `commit` of that task",
        )
    return git, base, git.head() or ""


class _Attempt:
    """The tries of one."""

    def __init__(self, job: Job, folder: Path, git: Git) -> None:
        self._job = job
        self._folder = folder
        self._git = git
        self._last = ""
        """The patch of the last try, which is not applied yet."""
        self.tries: list[Try] = []
        self.files: dict[str, bytes] = {}

    @property
    def goes_on(self) -> bool:
        """Whether there is to be another try."""
        if not self.tries:
            return True
        last, task = self.tries[-1], self._job.task
        more = len(self.tries) < task.tries and last.outcome in {"not_fixed", "budget", "tampered"}
        return more and not is_solved(task, last.outcome, last.verdict)

    def once(self, control: Control) -> None:
        """One try. Raises Cancelled."""
        if self._last:
            patched(self._git, self._last, f"try {len(self.tries)}")
            self._last = ""
        number, heard = len(self.tries) + 1, Heard(self._folder)
        state = self._folder / f"{STATE}{number}"
        ended = run_r1code(["fix", "--dry-run", *self._words()], self._job, state, control, heard=heard)
        self._last = _patch_of(heard, state)
        self.files[f"events-{number}.jsonl.gz"] = heard.packed()
        self.tries.append(try_of(ended, heard, self._last, state))

    def patch(self, start: str) -> str:
        """Of all tries together; empty: nothing was changed."""
        if len(self.tries) > 1:
            if self._last:
                patched(self._git, self._last, "the last try")
            return change_since(self._git, start)
        return self._last

    def _words(self) -> Sequence[str]:
        task = self._job.task
        words = [*about(task, self._git)]
        if task.text:
            issue = self._folder / "issue.md"
            issue.write_text(task.text, encoding="utf-8", errors="replace")
            words += ["--from-issue", str(issue)]
        return [*words, *self._job.flags, *task.flags]


def _patch_of(heard: Heard, state: Path) -> str:
    """The patch that the session kept; only one of its own is read."""
    if heard.patch_file is None:
        return ""
    place = Path(heard.patch_file).resolve()
    if not place.is_relative_to(state.resolve()) or not place.is_file() or place.stat().st_size > _MOST_PATCH:
        return ""
    return place.read_bytes().decode("utf-8", "surrogateescape")


def about(task: BatchTask, git: Git) -> tuple[str, ...]:
    """The flags that say what is tested, and how."""
    test = f"cd {shlex.quote(task.path)} && {task.test}" if task.path else task.test
    image = ("--image", task.image) if task.image else ()
    return ("--json", "-C", str(git.root), "--test", test, *image)


def run_r1code(words: Sequence[str], job: Job, state: Path, control: Control, *, heard: Heard) -> Ended:
    """Runs r1code with a state folder of its own. Raises Cancelled when it was asked to stop."""
    running = state.parent / _RUNNING
    running.touch()
    ended = run_child(
        [*job.command, *words],
        Setting(environ={**os.environ, "R1CODE_STATE_DIR": str(state)}, folder=job.cwd, seconds=job.seconds),
        heard.take,
        control,
    )
    if ended.code >= 0:
        running.unlink()
    if ended.interrupted:
        raise Cancelled
    return ended


def try_of(ended: Ended, heard: Heard, patch: str, state: Path) -> Try:
    outcome = "timeout" if ended.timed_out else outcome_of(ended.code, heard.outcome)
    verdict = heard.verdict_on(patch)
    if outcome == "timeout":
        why = f"it was ended after {ended.seconds:.0f} s"
    elif outcome == "killed":
        why = f"it was killed by signal {-ended.code}"
    elif heard.outcome is None:
        # The folder is of this machine, and says nothing.
        words = ended.words.replace(str(state.parent), ".")
        why = words[-_MOST_WHY:] or f"it ended with exit code {ended.code} and said nothing"
    else:
        why = "" if verdict is None else verdict.why
    return Try(
        outcome=outcome,
        exit_code=ended.code,
        seconds=round(ended.seconds, 3),
        verdict=verdict,
        spent=heard.spent if heard.outcome is not None else _logged(state),
        why=why,
    )


def _logged(state: Path) -> Spent:
    """What sessions that came to no end used, as their logs say."""
    found: list[Spent] = []
    for folder in sorted((state / "sessions").glob("*")):
        with suppress(R1CodeError, OSError, msgspec.MsgspecError):
            found.append(spent(charges_of(entries_of(folder))))
    return total(found)


def _words(error: Exception) -> str:
    words = f"{error.what}: {error.why}" if isinstance(error, R1CodeError) else str(error)
    return first_of(words.splitlines(), 3)[:_MOST_WHY]
