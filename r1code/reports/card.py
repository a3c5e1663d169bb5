"""The card of a run: what it came to, as one value, computed from the session's folder and from nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from r1code import __version__
from r1code.app.turns import named_task
from r1code.errors import R1CodeError, StateError
from r1code.ledger import charges_of, spent
from r1code.log import Chosen, Continued, Ended, Entry, Exited, Judged, Opened, Resumed, Switched, Tested
from r1code.log_file import LOG, candidates_of, entries_of, id_of, opened_of
from r1code.repair.replay import whole
from r1code.reports.changed import Changed, changed_in, veiled
from r1code.secrets.values import Hide, hidden
from r1code.session import PATCH
from r1code.types import EndReason, Limit, Outcome, Problem, Spent, TestReport, Verdict

SCHEMA = 1
"""Of the JSON form; docs/reports.md says when it changes."""
Came = Outcome | Literal["done", "ended", "error", "unfinished"]
"""error: the model's backend, the sandbox or the like failed. unfinished: it still works, or its process died."""


class Patch(Struct, frozen=True, kw_only=True):
    diff: str = ""
    """As `git apply` takes it; with placeholders for secrets. Empty: nothing was changed."""
    files: tuple[Changed, ...] = ()
    added: int = 0
    removed: int = 0
    has_secrets: bool = False
    """Placeholders stand in it: it is not what was changed."""


class Candidate(Struct, frozen=True, kw_only=True):
    """One of several attempts at a repair."""

    number: int
    verdict: Verdict | None = None
    """None: it came to none."""
    reason: EndReason | None = None
    """How its last turn ended."""
    files: int = 0
    added: int = 0
    removed: int = 0
    is_chosen: bool = False
    spent: Spent = Spent()


class Card(Struct, frozen=True, kw_only=True):
    schema: int = SCHEMA
    version: str
    """Of r1code."""
    session: str
    """Empty: none was opened."""
    command: Literal["fix", "prompt", "plan", "init", "chat", "verify"]
    task: str
    """In a few words."""
    profile: str
    """The name of the profile whose model acted."""
    began: float
    """In seconds since the epoch."""
    seconds: float
    outcome: Came
    exit_code: int | None
    """None: the process has not ended, or died."""
    reason: EndReason | None = None
    """How the last turn ended."""
    limit: Limit | None = None
    """Which one was reached, where the reason is `budget`."""
    error: Problem | None = None
    """Where the outcome is `error`."""
    applied: bool = False
    """The work tree holds the patch."""
    branch: str = ""
    """What was checked out when it began; empty: no branch, or nobody knows."""
    commit: str = ""
    base: str = ""
    """The name in r1code's store of all files as they were, uncommitted ones included."""
    test_command: str = ""
    """Empty: the tests did not run."""
    before: TestReport | None = None
    """The tests on the tree as it was."""
    after: TestReport | None = None
    """The tests with the patch, in a clean re-run."""
    verdict: Verdict | None = None
    said: str = ""
    """What the model ended with. Nobody has checked it."""
    patch: Patch = Patch()
    candidates: tuple[Candidate, ...] = ()
    """Where there were several at a time."""
    spent: Spent = Spent()

    @property
    def is_good(self) -> bool:
        """Whether whoever asked got what they asked for."""
        return self.exit_code == 0 or self.outcome == "nothing_to_fix"

    @property
    def is_taken(self) -> bool:
        """Whether the patch is in the work tree, or is proven and waits for a person to take it."""
        return self.applied or (self.is_good and bool(self.patch.diff))

    @property
    def left(self) -> TestReport | None:
        """The tests on the tree as it is left: what a patch that is not taken did for them does not count."""
        return self.after if self.is_taken and self.after is not None else self.before


def card_of(folder: Path, hide: Hide) -> Card:
    """The last task of the session in `folder`, also while it runs, without secrets. Raises StateError."""
    if not (folder / LOG).is_file():
        raise StateError(
            f"there is no session {folder.name}",
            why=f"{folder} has no log of one",
            hint="r1code sessions lists those that there are",
        )
    entries = entries_of(folder)
    opened = opened_of(entries)
    at, task = next(
        (at, entry) for at, entry in reversed([*enumerate(entries)]) if isinstance(entry.item, Opened | Continued)
    )
    asked = task.item if isinstance(task.item, Opened | Continued) else opened
    items = [entry.item for entry in whole(entries[at:])]
    exited = next((one.item for one in reversed(entries[at:]) if isinstance(one.item, Exited)), None)
    if any(isinstance(one.item, Resumed) for one in entries[_last(entries, exited) :]):
        exited = None
    judged = _deciding([one for one in items if isinstance(one, Judged)], asked.command)
    tested = next((one for one in reversed(items) if isinstance(one, Tested)), None)
    ended = next((one for one in reversed(items) if isinstance(one, Ended)), None)
    diff = _diff(folder, since=0.0 if isinstance(asked, Opened) else task.time)
    tried = [(number, place, entries_of(place)) for number, place in candidates_in(folder)]
    chosen = next((one.candidate for one in reversed(items) if isinstance(one, Chosen)), None)
    candidates = tuple(_candidate(number, place, log, is_chosen=number == chosen) for number, place, log in tried)
    verdict = None if judged is None else judged.verdict
    logs = [entries, *(log for _, _, log in tried)]
    found = Card(
        version=__version__ if exited is None else exited.version,
        session=id_of(folder),
        command=asked.command,
        task=named_task(asked, [] if verdict is None else [verdict]),
        profile=_profile(entries, asked),
        began=task.time,
        seconds=entries[-1].time - task.time if exited is None else exited.seconds,
        outcome="unfinished" if exited is None else exited.outcome or "error",
        exit_code=None if exited is None else exited.exit_code,
        reason=None if ended is None else ended.reason,
        limit=None if ended is None else ended.limit,
        error=None if exited is None else exited.error,
        applied=exited is not None and exited.applied,
        branch=opened.branch,
        commit="" if exited is None else exited.commit,
        base=asked.base,
        test_command="" if tested is None else tested.command,
        before=None if tested is None else tested.report,
        after=_after(judged, [log for _, _, log in tried]),
        verdict=verdict,
        said="" if ended is None else ended.text,
        patch=_patch(diff, hide),
        candidates=candidates,
        spent=spent(charge for log in logs for charge in charges_of(log, profile=opened.profile)),
    )
    return hidden(found, hide)


def failed_card(
    command: Literal["fix", "prompt", "plan", "init", "chat", "verify"],
    error: R1CodeError,
    *,
    task: str = "",
    now: float | None = None,
) -> Card:
    """Of a run that came to no session."""
    return Card(
        version=__version__,
        session="",
        command=command,
        task=task,
        profile="",
        began=time.time() if now is None else now,
        seconds=0.0,
        outcome="error",
        exit_code=error.exit_code,
        error=problem_of(error),
    )


def problem_of(error: R1CodeError) -> Problem:
    return Problem(what=error.what, why=error.why, next=error.hint)


def candidates_in(folder: Path) -> list[tuple[int, Path]]:
    """The candidates that have sessions of their own in that of the repair, in order."""
    return [(int(one.name), one) for one in candidates_of(folder)]


def _last(entries: Sequence[Entry], exited: Exited | None) -> int:
    return next((at for at, one in enumerate(entries) if one.item is exited), len(entries))


def _profile(entries: Iterable[Entry], asked: Opened | Continued) -> str:
    switches = [one.item for one in entries if isinstance(one.item, Switched)]
    acting = [one.profile for one in switches if one.role == "actor"]
    return acting[-1] if acting else asked.profile


def _deciding(judged: Sequence[Judged], command: str) -> Judged | None:
    """Of a repair, whose attempts each have a verdict, the best one, as it is chosen there; else the last one."""
    if command != "fix":
        return judged[-1] if judged else None

    def distance(one: Judged) -> tuple[bool, int, int]:
        verdict = one.verdict
        return verdict.outcome != "fixed", len(verdict.broken), len(verdict.still_failing)

    # Stable: of equals, the first.
    return min(judged, key=distance, default=None)


def _after(judged: Judged | None, logs: Iterable[Sequence[Entry]]) -> TestReport | None:
    """What the tests said after; of a candidate that was chosen, what its own log has."""
    if judged is None or judged.report is not None:
        return None if judged is None else judged.report
    items = (one.item for log in logs for one in log)
    return next((one.report for one in items if isinstance(one, Judged) and one.verdict == judged.verdict), None)


def _diff(folder: Path, *, since: float = 0.0) -> str:
    """The patch of a session; what was written before `since` is another task's."""
    try:
        if (folder / PATCH).stat().st_mtime < since:
            return ""
        return (folder / PATCH).read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StateError(
            f"the patch of the session {folder.name} cannot be read", why=str(error), hint="make it readable"
        ) from error


def _patch(diff: str, hide: Hide) -> Patch:
    files = changed_in(diff)
    shown = veiled(diff, hide)
    return Patch(
        diff=shown,
        files=files,
        added=sum(one.added for one in files),
        removed=sum(one.removed for one in files),
        has_secrets=shown != diff,
    )


def _candidate(number: int, folder: Path, entries: Sequence[Entry], *, is_chosen: bool) -> Candidate:
    items = [one.item for one in whole(entries)]
    judged = next((one for one in reversed(items) if isinstance(one, Judged)), None)
    ended = next((one for one in reversed(items) if isinstance(one, Ended)), None)
    files = changed_in(_diff(folder))
    return Candidate(
        number=number,
        verdict=None if judged is None else judged.verdict,
        reason=None if ended is None else ended.reason,
        files=len(files),
        added=sum(one.added for one in files),
        removed=sum(one.removed for one in files),
        is_chosen=is_chosen,
        spent=spent(charges_of(entries, profile=opened_of(entries).profile)),
    )
