"""What was fixed runs again in fresh sandboxes, once beside a test of r1code's own that has to fail."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from r1code.control import Control
from r1code.events import Event, Notice
from r1code.repair.card import said, with_checks
from r1code.repair.rooms import Rooms
from r1code.repair.verdict import comparable, compared
from r1code.sandbox.runners import runner_of, subset
from r1code.tree.snapshot import Snapshot
from r1code.types import Case, Check, TestReport, Verdict

_MOST_ALONE = 30
_PRIME = 7_919
_ALONE = 2
"""Runs in one sandbox of what was fixed, where they are quick: it costs next to nothing."""
_DOUBTED = 2
"""Runs with all others of what was seen to fail with the patch, or to pass without it."""
_Env = Mapping[str, str]


class Trees(Struct, frozen=True, kw_only=True):
    """What a claim is about."""

    base: Snapshot
    before: TestReport
    targets: tuple[str, ...]
    repairs: bool


class Tests(Struct, frozen=True, kw_only=True):
    """What runs again, and where."""

    names: tuple[str, ...]
    tree: Snapshot


class Decoy(Struct, frozen=True, kw_only=True):
    """A test that fails, in a file of its own. Whoever makes all tests pass makes it pass, too."""

    path: str
    test: str
    text: str

    @property
    def case(self) -> Case:
        return Case(id=f"{self.path}::{self.test}", state="failed", file=self.path)

    @classmethod
    def beside(cls, case: Case) -> Decoy:
        """Named so that nobody can know it before."""
        folder = PurePosixPath(case.file or case.id.partition("::")[0]).parent
        module, test, number = secrets.token_hex(6), f"test_{secrets.token_hex(6)}", secrets.randbelow(10_000)
        text = f"def {test}():\n    assert {number} == {number + 1}\n"
        return cls(path=str(folder / f"test_{module}.py"), test=test, text=text)


class Repeats:
    """For one claim. Methods raise SandboxError, StateError and Cancelled."""

    def __init__(self, rooms: Rooms, trees: Trees, command: str) -> None:
        self._rooms = rooms
        self._trees = trees
        self._command = command

    def run(self, verdict: Verdict, tests: Tests, runs: int, control: Control) -> Generator[Event, None, Verdict]:
        """The verdict after `runs` clean runs of `tests`, the first of which it tells.

        A fix that passes by chance is none. Each run has another seed of hashes.
        """
        if runs == 1:
            text = said("what is fixed is not run again: verdict_runs is 1")
            return with_checks(verdict, Check(name="repeats", state="not_run", text=text))
        yield Notice(text=f"what is fixed is run again, {runs - 1} more")
        cases = self._alone(tests.names)
        missed, needed = Counter[str](), False
        for number in range(1, runs):
            env = {"PYTHONHASHSEED": str(number * _PRIME)}
            failed: Sequence[str] = tests.names
            if cases and number == 1 and runner_of(self._command) == "pytest":
                check, failed = yield from self._beside_decoy(tests, cases, env, control)
                why = said("a test that has to fail did not: the code changes what runs the tests")
                verdict = with_checks(verdict, check, worse=("tampered", why))
                if check.state == "failed":
                    return verdict
            elif cases and (alone := subset(self._command, cases)) is not None:
                ran = yield from self._rooms.often(
                    tests.tree, alone, f"repeat-{number}", control, env=env, most=_ALONE
                )
                failed = _missing(tests.names, ran)
            if failed:
                # Some tests pass only after others; or nobody can choose them.
                needed |= bool(cases)
                failed = yield from self._with_others(tests, number, env, control)
            missed.update(failed)
        return _told(verdict, missed, runs=runs, needed=needed)

    def _with_others(
        self, tests: Tests, number: int, env: _Env, control: Control
    ) -> Generator[Event, None, Sequence[str]]:
        """Which of the tests fail in a run of all; in one of several, where chance has shown itself."""
        before = self._trees.before
        doubted = bool(self._alone(tests.names)) or any(map(self._has_passed, tests.names))
        for again in range(_DOUBTED if doubted else 1):
            name = f"all-{number}-{again}"
            ran = yield from self._rooms.once(tests.tree, self._command, name, control, env=env)
            if failed := compared(before, comparable(before, ran), tests.names).still:
                return failed
        return ()

    def _has_passed(self, name: str) -> bool:
        """Whether a test that failed as it was has passed at times."""
        failed, runs = self._trees.before.failed_of.get(name, (0, 0))
        return failed < runs

    def _alone(self, names: Sequence[str]) -> list[Case]:
        """The tests as cases that can be run alone; none: they are run with all others."""
        before = self._trees.before
        # What passed at times before is not trusted alone.
        if any(map(self._has_passed, names)):
            return []
        cases = [one for one in before.failures if one.id in names and one.state == "failed"]
        can_be_chosen = len(cases) == len(names) <= _MOST_ALONE and subset(self._command, cases) is not None
        return cases if can_be_chosen else []

    def _beside_decoy(
        self, tests: Tests, cases: Sequence[Case], env: _Env, control: Control
    ) -> Generator[Event, None, tuple[Check, Sequence[str]]]:
        """Whether a test that has to fail fails beside the others, and which of these do not pass."""
        decoy = Decoy.beside(cases[0])
        together = subset(self._command, [*cases, decoy.case]) or self._command
        tree = self._rooms.holding(tests.tree, decoy.path, decoy.text)
        reports = yield from self._rooms.often(tree, together, "repeat-1", control, env=env, most=_ALONE)
        failed = _missing(tests.names, reports)
        if all(_has_failed(report, decoy) for report in reports):
            text = said("a test of r1code's own that has to fail does")
            return Check(name="control", state="ok", text=text), failed
        if failed:
            # Nothing is known: all is run again.
            text = said("no run in which a test of r1code's own could fail")
            return Check(name="control", state="not_run", text=text), failed
        # Does it fail where nobody had a hand in it?
        alone = subset(self._command, [decoy.case]) or self._command
        base = self._rooms.holding(self._trees.base, decoy.path, decoy.text)
        honest = yield from self._rooms.once(base, alone, "control", control, env=env)
        if _has_failed(honest, decoy):
            text = said("a test of r1code's own that has to fail does so without the patch, and not with it")
            return Check(name="control", state="failed", text=text), failed
        text = said("a test of r1code's own does not run here")
        return Check(name="control", state="not_run", text=text), failed


def _has_failed(report: TestReport, decoy: Decoy) -> bool:
    return report.structured and any(name.endswith(f"::{decoy.test}") for name in report.failed)


def _missing(names: Sequence[str], reports: Sequence[TestReport]) -> list[str]:
    """The tests that did not pass each time."""
    return [name for name in names if any(name not in report.passed for report in reports)]


def _told(verdict: Verdict, missed: Mapping[str, int], *, runs: int, needed: bool) -> Verdict:
    if missed:
        worst = max(missed.values())
        text = said(f"{len(missed)} pass by chance: failed in {worst} of {runs} clean runs with the patch")
        verdict = replace(verdict, flaky=tuple(dict.fromkeys([*verdict.flaky, *missed])))
        return with_checks(verdict, Check(name="repeats", state="failed", text=text))
    text = said(f"passed in {runs} of {runs} clean runs")
    if needed:
        text = said(f"passed in {runs} of {runs} clean runs, not alone but with the others")
    return with_checks(verdict, Check(name="repeats", state="ok", text=text))
