"""Whether what somebody showed happens here: which failing tests are meant, and what it means if none fails."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from msgspec import Struct

from r1code.control import Control
from r1code.events import Event, Notice
from r1code.naming import first_of
from r1code.repair.card import said
from r1code.repair.proof import Proof
from r1code.repair.verdict import failing, has_tests, is_flaky, problem, told_flaky
from r1code.sandbox.runners import subset
from r1code.symptoms.matching import Matched, matched
from r1code.symptoms.symptom import Symptom
from r1code.tree.snapshot import Snapshot
from r1code.types import Case, Outcome, TestReport

AGAIN = 3
"""Runs of named tests that pass, before they are taken for sound."""
_MOST_AGAIN = 30


class Reproduced(Struct, frozen=True, kw_only=True):
    """What is to be done about the symptoms."""

    ending: Outcome | None = None
    """There is nothing to repair, and why. None: there is."""
    targets: tuple[str, ...] = ()
    """The failing tests that are meant; empty: all that fail."""
    reproduces: bool = False
    """No test fails: one that shows what the issue reports is to be added first."""
    known: tuple[str, ...] = ()
    """Where there is nothing to repair: what is known of why."""


def reproduce(
    symptoms: Sequence[Symptom], base: Snapshot, before: TestReport, again: Again
) -> Generator[Event, None, Reproduced]:
    """Says what the baseline `before` makes of the symptoms. Raises as `Again.fails`."""
    trouble = problem(before, base.entries)
    # Where there are no tests yet, the first one may show what an issue reports.
    is_bare = before.exit_code == 0 and not has_tests(before) and _has_issue(symptoms)
    if trouble is not None and trouble[0] != "nothing_to_fix" and not is_bare:
        yield Notice(text=trouble[1], level="warning")
        return Reproduced(ending=trouble[0])
    named = [one for symptom in symptoms for one in symptom.tests]
    bad = failing(before)
    found = matched(named, [*before.passed, *bad, *before.skipped], bad)
    targets = tuple(name for name in found.ids if name in set(bad))
    yield from _told(found, before)
    if is_flaky(before, targets):
        return Reproduced(ending="flaky", known=(told_flaky(before),))
    if targets:
        others = len(bad) - len(targets)
        if others:
            yield Notice(
                text=f"{others} tests fail that nobody named: they need not pass, and may not break more"
            )
        return Reproduced(targets=targets)
    if bad:
        if named:
            yield Notice(text="none of the failing tests is one of those that were named: all are repaired")
        return Reproduced()
    return (yield from _passing(symptoms, base, (before, found), again))


def _told(found: Matched, before: TestReport) -> Generator[Event, None, None]:
    """What became of the names."""
    if found.missing and before.structured:
        names = first_of([one.id for one in found.missing])
        yield Notice(
            text=f"no test of this run is what was named, or it could be several: {names}", level="warning"
        )
    if skipped := [name for name in found.ids if name in set(before.skipped)]:
        yield Notice(text=f"named, and skipped here: {first_of(skipped)}", level="warning")
    passing = [name for name in found.ids if name in set(before.passed)]
    if passing and failing(before):
        yield Notice(text=f"named, and passing here: {first_of(passing)}", level="warning")


def _passing(
    symptoms: Sequence[Symptom], base: Snapshot, seen: tuple[TestReport, Matched], again: Again
) -> Generator[Event, None, Reproduced]:
    """All tests pass."""
    before, found = seen
    shown = [symptom for symptom in symptoms if symptom.kind != "issue" and symptom.failed]
    if shown and (found.ids or not before.structured):
        yield Notice(
            text=f"the named tests pass here: they run {AGAIN} times more, to see whether they are flaky"
        )
        times, failures = yield from again.fails(base, found)
        if failures:
            names = first_of(list(failures))
            most = max(failures.values())
            text = said(f"flaky: {names}: passed at first, and failed in {most} of {times} more runs")
            return Reproduced(ending="flaky", known=(text,))
    if _has_issue(symptoms):
        yield Notice(text="all tests pass: one that shows what the issue reports is to be added first")
        return Reproduced(reproduces=True)
    if shown:
        return Reproduced(ending="cannot_reproduce", known=(_differences(shown),))
    yield Notice(text="all tests pass as they are")
    return Reproduced(ending="nothing_to_fix")


def _has_issue(symptoms: Sequence[Symptom]) -> bool:
    return any(symptom.kind == "issue" and symptom.text for symptom in symptoms)


class Again:
    """Runs tests that passed once more."""

    def __init__(self, proof: Proof, command: str, control: Control) -> None:
        self._proof = proof
        self._command = command
        self._control = control

    def fails(self, base: Snapshot, found: Matched) -> Generator[Event, None, tuple[int, dict[str, int]]]:
        """How often they were run, and how often each of those that failed did. Raises as `Proof.baseline`."""
        cases = [Case(id=name, state="failed", file=_file_of(name)) for name in found.ids]
        alone = subset(self._command, cases) if len(cases) <= _MOST_AGAIN else None
        counts: dict[str, int] = {}
        for number in range(1, AGAIN + 1):
            # Alone, and then with all others: what depends on an order shows only there.
            command = self._command if alone is None or number == AGAIN else alone
            report = yield from self._proof.baseline(base, command, self._control)
            # It was seen to fail, also where it passed when it was run once more.
            for name in failing(report):
                if name in found.ids or not report.structured:
                    counts[name] = counts.get(name, 0) + 1
        return AGAIN, counts


def _file_of(identity: str) -> str:
    group = identity.partition("::")[0]
    return group if "/" in group or "." in group else ""


def _differences(shown: Sequence[Symptom]) -> str:
    """That it fails elsewhere, and what is worth a look."""
    traits = {name: value for symptom in shown for name, value in symptom.traits.items()}
    commits = {symptom.commit[:10] for symptom in shown if symptom.commit}
    seen = [f"{name} {value}" for name, value in sorted(traits.items())]
    seen += [f"commit {commit}" for commit in sorted(commits)]
    if not seen:
        return said("it failed elsewhere, and passes here: docs/fix.md says what to compare")
    return said(f"it failed elsewhere, and passes here; compare, as docs/fix.md says: {', '.join(seen)}")
