"""Clean re-runs of the tests: on a tree as it was, and on that tree with a patch, which gives a verdict."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from r1code.control import Control
from r1code.events import Event, Notice, VerdictReached
from r1code.log import Judged
from r1code.repair.additions import additions
from r1code.repair.card import finished, said, with_checks
from r1code.repair.countered import Counter, Doubt
from r1code.repair.judges import Edited, judging, reads
from r1code.repair.parts import Parts
from r1code.repair.protected import is_protected
from r1code.repair.recipes import protection_of
from r1code.repair.repeats import Repeats, Tests, Trees
from r1code.repair.rooms import Rooms
from r1code.repair.stages import Stages
from r1code.repair.suspicion import Suspicion, added_lines, suspicions
from r1code.repair.verdict import failing, judge, wanted
from r1code.sandbox.runners.run import counted
from r1code.session import Session
from r1code.tools.truncation import clean
from r1code.tree.entry import Entry
from r1code.tree.patch import FileChange, Patch
from r1code.tree.snapshot import Snapshot
from r1code.types import Check, TestReport, Verdict

_CHEAP = 30.0
"""Seconds: what nobody can run in part is run a second time as a whole where it takes no longer."""
_MOST_TESTS = 2_000
"""Files in which the names of data are looked for."""
_MOST_READ = 500_000
"""Bytes of a file whose added lines are looked at."""


class Claim(Struct, frozen=True, kw_only=True):
    """What is to be proven: that `patch` on `base`, whose tests gave `before`, does good and no harm."""

    base: Snapshot
    patch: Patch
    before: TestReport
    protect: bool
    """What decides about the success stays as it was; tests may be added."""
    repairs: bool
    """It is about the tests that failed before."""
    targets: tuple[str, ...] = ()
    """Of these, only those had to be repaired. Empty: all of them."""
    reproduces: bool = False
    """A test that the patch adds is the proof: it fails without the rest of the patch, and passes with it."""


class _Run(Struct, frozen=True, kw_only=True):
    """The first clean re-run with a patch."""

    verdict: Verdict
    after: TestReport
    patched: Snapshot
    """The tree that it ran on: without the tests that the patch adds."""
    added: Patch
    own: frozenset[str]
    """Programs that the test command runs, and files with tests, under names of the project's own."""


class Proof:
    """Of one session. Every run has a fresh sandbox of its own."""

    def __init__(self, parts: Parts, session: Session) -> None:
        self._parts = parts
        self._session = session
        self._rooms = Rooms(parts)
        self._counter = Counter(self._rooms, parts.store)

    def baseline(
        self, snapshot: Snapshot, command: str, control: Control, *, steady: bool = False
    ) -> Generator[Event, None, TestReport]:
        """All tests on `snapshot`. Raises SandboxError, StateError and Cancelled.

        `steady`: what may be flaky runs once more with all others, and only what passes then is named so.
        """
        report = (yield from self._rooms.tests(snapshot, command, "baseline", control)).report
        names = failing(report)
        alone = bool(report.failed_of)
        if not steady or not names or report.timed_out or (alone and not report.flaky):
            return report
        if not alone and report.seconds > _CHEAP:
            return report
        yield Notice(text="all tests are run once more, to see whether what failed is flaky")
        again = (yield from self._rooms.tests(snapshot, command, "baseline-again", control)).report
        if again.structured != report.structured or again.timed_out:
            return report
        ran = report.flaky or report.failed
        return counted(report, again, ran, [name for name in ran if name in again.passed])

    def verdict(
        self, claim: Claim, command: str, control: Control
    ) -> Generator[Event, None, tuple[Verdict, TestReport]]:
        """The verdict, logged, and what the tests said. Raises as `baseline`."""
        before, after = claim.before, claim.before
        if not claim.patch:
            verdict = Verdict(
                outcome="not_fixed",
                why="nothing was changed",
                sandbox="",
                still_failing=wanted(before, claim.targets),
                passing=len(before.passed),
            )
        else:
            verdict, after = yield from self._tried(claim, command, control)
        self._session.append(Judged(verdict=verdict, report=after if claim.patch else None))
        yield VerdictReached(verdict=verdict)
        return verdict, after

    def _tried(
        self, claim: Claim, command: str, control: Control
    ) -> Generator[Event, None, tuple[Verdict, TestReport]]:
        yield Notice(text=f"clean re-run of the tests with the patch: {command}")
        paths = claim.base.entries.keys()
        protection = protection_of(claim.base, self._parts.store, command, claim.before)
        may_be_added = additions(paths)
        guarded = Patch(())
        if claim.protect:
            guarded = claim.patch.parted(lambda path: protection.holds(path) and not may_be_added(path))[1]
        added = claim.patch.only(may_be_added) if claim.protect or claim.reproduces else Patch(())
        # What failed is judged without them: they run in the same process, and could do anything to it.
        apart = {*guarded.paths, *added.paths}
        patched = claim.base.with_patch(claim.patch.without(apart.__contains__))
        judges = protection.judges if claim.protect else _nothing
        ran = yield from self._rooms.watched(
            patched, command, control, known=failing(claim.before), judges=judges
        )
        verdict = judge(
            claim.before,
            ran.report,
            sandbox=ran.kind,
            tampered=(*map(clean, guarded.paths), *(f"{clean(path)} (by its own run)" for path in ran.rewritten)),
            repairs=claim.repairs,
            targets=claim.targets,
        )
        if claim.repairs or claim.reproduces:
            run = _Run(verdict=verdict, after=ran.report, patched=patched, added=added, own=protection.own)
            verdict = yield from self._staged(claim, command, run, control)
        return verdict, ran.report

    def _staged(self, claim: Claim, command: str, run: _Run, control: Control) -> Generator[Event, None, Verdict]:
        """What follows a re-run that went well; it ends with the first check that fails."""
        trees = Trees(base=claim.base, before=claim.before, targets=claim.targets, repairs=claim.repairs)
        stages = Stages(self._rooms, self._parts.demands, trees, command)
        verdict, whole = run.verdict, run.patched.with_patch(run.added)
        if _went_well(verdict) and run.added:
            bare = claim.base.with_patch(run.added)
            verdict = yield from stages.added(verdict, run.after, (whole, bare), control)
        if claim.reproduces:
            verdict = _reproduced(verdict)
        if verdict.outcome == "fixed":
            tests = Tests(names=verdict.fixed, tree=run.patched)
            if not verdict.fixed:
                tests = Tests(names=verdict.added, tree=whole)
            repeats = Repeats(self._rooms, trees, command)
            verdict = yield from repeats.run(verdict, tests, self._parts.demands.runs, control)
        if verdict.outcome == "fixed":
            tree = run.patched if verdict.fixed else whole
            doubt = Doubt(tree=tree, before=claim.before, command=command, own=run.own)
            names = verdict.fixed or verdict.added
            verdict = yield from self._counter.countered(verdict, names, doubt, control)
        if _went_well(verdict):
            verdict = yield from stages.gated(verdict, whole, control)
        if _went_well(verdict):
            verdict = self._suspected(verdict, claim)
        return finished(verdict)

    def _suspected(self, verdict: Verdict, claim: Claim) -> Verdict:
        lines = (
            line
            for change in claim.patch.changes
            if not is_protected(change.path)
            for line in added_lines(clean(change.path), self._text(change, "before"), self._text(change, "after"))
        )
        found = (*suspicions(lines, claim.before.failures), *self._judging(claim))
        if not found:
            return with_checks(
                verdict, Check(name="suspicious", state="ok", text=said("nothing in the patch is suspicious"))
            )
        told = tuple(clean(str(one)) for one in found)
        verdict = replace(verdict, suspicious=told)
        check = Check(name="suspicious", state="flagged", text=said(f"{len(told)} suspicious: {told[0]}"))
        if not any(self._refuses(one) for one in found):
            return with_checks(verdict, check)
        why = f"the patch is suspicious, and `strict` refuses that: {told[0]}"
        return with_checks(verdict, replace(check, state="failed"), worse=("tampered", why))

    def _judging(self, claim: Claim) -> Iterator[Suspicion]:
        """What of the patch the tests may judge by, although it is not protected."""
        open_ = [change for change in claim.patch.changes if not is_protected(change.path)]
        edited = [
            Edited(path=change.path, before=self._text(change, "before"), after=self._text(change, "after"))
            for change in open_
        ]
        tests: dict[str, str] = {}
        if any(reads(one.path) for one in edited):
            judges = (path for path in claim.base.entries if is_protected(path))
            tests = {path: self._content(claim.base.entries[path]) for path in islice(judges, _MOST_TESTS)}
        return judging(edited, tests)

    def _refuses(self, one: Suspicion) -> bool:
        strict = self._parts.demands.strict
        return strict in {"all", one.grade}

    def _text(self, change: FileChange, side: str) -> str:
        return self._content(change.before if side == "before" else change.after)

    def _content(self, entry: Entry | None) -> str:
        if entry is None or entry.kind != "file":
            return ""
        data = self._parts.store.get(entry.digest)
        return data.decode("utf-8", errors="replace") if len(data) <= _MOST_READ else ""


def _nothing(_: str) -> bool:
    return False


def _went_well(verdict: Verdict) -> bool:
    return verdict.outcome in {"fixed", "unbroken"}


def _reproduced(verdict: Verdict) -> Verdict:
    """The verdict where an added test is the proof."""
    if not _went_well(verdict):
        return verdict
    if verdict.added:
        why = f"{len(verdict.added)} added: fail before, pass after; all that passed still does"
        return replace(verdict, outcome="fixed", why=why)
    text = said("no test was added that fails without the patch and passes with it")
    return with_checks(verdict, Check(name="added_tests", state="failed", text=text))
