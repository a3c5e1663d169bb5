"""The first bad commit of a range: a binary search that runs the tests on trees of commits, in the sandbox."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

from msgspec import Struct

from r1code.control import Control
from r1code.events import Event, Notice
from r1code.repair.proof import Proof
from r1code.repair.verdict import failing
from r1code.repo.ancestry import Ancestry, Span, Step
from r1code.tree.snapshot import Snapshot
from r1code.types import TestReport

_SKIP = 125
"""The exit code with which a command says, as to `git bisect run`, that a commit cannot be tested."""


class Bisected(Struct, frozen=True, kw_only=True):
    suspects: tuple[Step, ...] = ()
    """One of these is the first bad commit, the oldest first; one alone: it is. None: nothing was found."""
    runs: int = 0
    unlike: str = ""
    """Where nothing was found: the end of the range that is not what was said."""
    bad: bool = False
    """Which end."""

    @property
    def notice(self) -> Notice:
        """What is told of it, to a person and to the model."""
        if not self.suspects and self.bad:
            return Notice(text=f"no first bad commit was found: {self.unlike} is not bad", level="warning")
        if not self.suspects:
            return Notice(text=f"no first bad commit was found: {self.unlike} is not good", level="warning")
        if len(self.suspects) == 1:
            return Notice(text=f"first bad commit, after {self.runs} runs: {self.suspects[0]}")
        ends = f"{self.suspects[0]} ... {self.suspects[-1]}"
        return Notice(
            text=f"the first bad commit is one of {len(self.suspects)}, for some cannot be tested: {ends}",
            level="warning",
        )


class Bisection:
    """Of one command and the tests that are to be repaired."""

    def __init__(self, ancestry: Ancestry, proof: Proof, command: str, control: Control) -> None:
        self.ancestry = ancestry
        self._proof = proof
        self._command = command
        self._control = control
        self._runs = 0

    def search(
        self, span: Span, base: Snapshot, before: TestReport, targets: Sequence[str]
    ) -> Generator[Event, None, Bisected]:
        """`before`: what the tests of `base` said. At each commit the files of `targets` are those of `base`.

        Raises as `Proof.baseline`.
        """
        wanted = tuple(targets) or failing(before)
        files = {path: base.entries[path] for path in map(_file_of, wanted) if path in base.entries}
        steps = span.steps
        most = 2 + math.ceil(math.log2(len(steps))) if len(steps) > 1 else 2
        yield Notice(
            text=f"looking for the first bad one of {len(steps)} commits: about {most} runs of the tests"
        )

        def state(commit: str) -> Generator[Event, None, bool | None]:
            tree = Snapshot(dict(sorted({**self.ancestry.snapshot(commit).entries, **files}.items())))
            report = (
                before if tree == base else (yield from self._proof.baseline(tree, self._command, self._control))
            )
            self._runs += tree != base
            found = is_bad(report, before, wanted)
            if found is None:
                yield Notice(text=f"{commit[:10]} cannot be tested")
            else:
                yield Notice(text=f"{commit[:10]} is bad") if found else Notice(text=f"{commit[:10]} is good")
            return found

        for commit, expected in ((span.good, False), (span.bad, True)):
            found = yield from state(commit)
            if found is not expected:
                return Bisected(runs=self._runs, unlike=commit[:10], bad=expected)
        low, high = -1, len(steps) - 1
        """The last good one and the first bad one that are known, as positions in `steps`."""
        skipped: set[int] = set()
        while (middle := _middle(low, high, skipped)) is not None:
            found = yield from state(steps[middle].commit)
            if found is None:
                skipped.add(middle)
            elif found:
                high = middle
            else:
                low = middle
        return Bisected(suspects=steps[low + 1 : high + 1], runs=self._runs)


def is_bad(report: TestReport, before: TestReport, wanted: Sequence[str]) -> bool | None:
    """Whether `report` has the failure of `before`. None: it does not say: no report, not there, flaky."""
    if report.timed_out or report.exit_code == _SKIP or report.structured != before.structured:
        return None
    bad = set(failing(report)) - set(report.flaky)
    if bad.intersection(wanted):
        return True
    known = {*report.passed, *report.skipped}
    # A module that could not be loaded is good when it can be.
    loaded = {name.partition("::")[0] for name in report.passed}
    return False if all(name in known or name in loaded for name in wanted) else None


def _middle(low: int, high: int, skipped: set[int]) -> int | None:
    """The position nearest to the middle that was not tried; None: nothing is left between."""
    middle = (low + high) // 2
    left = [at for at in range(low + 1, high) if at not in skipped]
    return min(left, key=lambda at: (abs(at - middle), at), default=None)


def _file_of(identity: str) -> str:
    return identity.partition("::")[0]
