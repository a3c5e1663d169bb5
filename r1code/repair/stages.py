"""What follows a clean re-run that went well: gates and added tests. Each gives one check of the card."""

from __future__ import annotations

from collections.abc import Generator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from r1code.control import Control
from r1code.events import CommandOutput, Event, Notice
from r1code.repair.card import said, with_checks
from r1code.repair.demands import Demands, Gate
from r1code.repair.repeats import Trees
from r1code.repair.rooms import Rooms
from r1code.repair.verdict import failing, judge
from r1code.tools.truncation import clean
from r1code.tree.snapshot import Snapshot
from r1code.types import Check, ExecResult, TestReport, Verdict

State = Literal["ok", "failed", "flagged", "not_run"]
Stage = Generator[Event, None, Verdict]
_TAIL = 1_500


class Stages:
    """For one claim. Methods raise SandboxError, StateError and Cancelled."""

    def __init__(self, rooms: Rooms, demands: Demands, trees: Trees, command: str) -> None:
        self._rooms = rooms
        self._demands = demands
        self._trees = trees
        self._command = command

    def gated(self, verdict: Verdict, tree: Snapshot, control: Control) -> Stage:
        """The commands that passed on the tree as it was have to pass on `tree`."""
        if not self._demands.gates:
            text = said("no build and no lint is set up")
            return with_checks(verdict, Check(name="gates", state="not_run", text=text))
        told: list[str] = []
        flagged = False
        for gate in self._demands.gates:
            yield Notice(text=f"{gate.name} with the patch: {gate.command}")
            after = yield from self._gate(gate, tree, "patch", control)
            if after.succeeded:
                told.append(said(f"{gate.name} passes"))
                continue
            base = yield from self._gate(gate, self._trees.base, "base", control)
            if base.succeeded:
                return with_checks(verdict, _broken(gate, after))
            flagged = True
            told.append(said(f"{gate.name} failed before, too, so it counts for nothing"))
        state: State = "flagged" if flagged else "ok"
        return with_checks(verdict, Check(name="gates", state=state, text=", ".join(told)))

    def _gate(
        self, gate: Gate, tree: Snapshot, where: str, control: Control
    ) -> Generator[Event, None, ExecResult]:
        name = f"gate-{gate.name}-{where}"
        with self._rooms.fresh(tree, name, control) as sandbox:
            running = sandbox.run(gate.command, control)
            try:
                while True:
                    yield CommandOutput(call_id=name, text=next(running))
            except StopIteration as stop:
                result: ExecResult = stop.value
                return result
            finally:
                running.close()

    def added(
        self, verdict: Verdict, after: TestReport, trees: tuple[Snapshot, Snapshot], control: Control
    ) -> Stage:
        """Tests that the patch adds, which were no part of `after`.

        `trees`: with them and the patch, and with them alone. They pass with the patch, and break nothing. Where
        they fail without it, they reproduce what it repairs.
        """
        before, (whole, bare) = self._trees.before, trees
        yield Notice(text="the tests that the patch adds are run with it and without it")
        passing = (yield from self._rooms.tests(whole, self._command, "added-with", control)).report
        worse = judge(before, passing, sandbox="", repairs=self._trees.repairs, targets=self._trees.targets)
        if worse.outcome not in {"fixed", "unbroken"}:
            text = said(f"with the tests that the patch adds: {worse.why}")
            return with_checks(verdict, Check(name="added_tests", state="failed", text=text))
        without = (yield from self._rooms.tests(bare, self._command, "added-without", control)).report
        proof = _proof_of(after, passing, without)
        return with_checks(replace(verdict, added=(*proof.failed, *proof.unloaded)), _told(proof))


def _broken(gate: Gate, after: ExecResult) -> Check:
    head = said(f"{gate.name} passed before, and ended with {after.exit_code} with the patch")
    if after.timed_out:
        head = said(f"{gate.name} passed before, and did not end in time with the patch")
    end = clean(after.output[-_TAIL:]).strip()
    return Check(name="gates", state="failed", text=f"{head}\n{end}".rstrip())


class _Added(Struct, frozen=True, kw_only=True):
    """New tests that pass with the patch, by what they do without it."""

    failed: tuple[str, ...] = ()
    unloaded: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()


def _proof_of(after: TestReport, passing: TestReport, without: TestReport) -> _Added:
    if not passing.structured:
        # The command is the only test.
        fails = without.exit_code != 0 and passing.exit_code == 0
        return _Added(failed=without.failed) if fails else _Added()
    known = {*after.passed, *failing(after), *after.skipped}
    new = [name for name in passing.passed if name not in known and name not in passing.expected]
    passed = {*without.passed, *without.skipped}
    return _Added(
        failed=tuple(name for name in new if name in without.failed),
        unloaded=tuple(name for name in new if name not in without.failed and name not in passed),
        passed=tuple(name for name in new if name in passed),
    )


def _told(proof: _Added) -> Check:
    if proof.failed:
        text = said(f"{len(proof.failed)} added: fail before, pass after")
        return Check(name="added_tests", state="ok", text=text)
    if proof.unloaded:
        text = said(f"{len(proof.unloaded)} added: could not be loaded before, pass after; a weaker proof")
        return Check(name="added_tests", state="flagged", text=text)
    if proof.passed:
        text = said(f"{len(proof.passed)} added: pass without the patch, too, so they show nothing")
        return Check(name="added_tests", state="flagged", text=text)
    text = said("files of tests are added, and no test of them ran")
    return Check(name="added_tests", state="flagged", text=text)
