"""Runs the project's tests in the sandbox. What the run leaves behind stays there."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import nullcontext

from msgspec import Struct

from r1code.control import Control
from r1code.errors import ToolError
from r1code.events import CommandOutput, Event, TestsRan
from r1code.sandbox.base import Sandbox
from r1code.sandbox.runners import run_tests, stages, summary
from r1code.tools.affected import Affected
from r1code.tools.base import Result, typed
from r1code.tree.caches import in_cache
from r1code.tree.entry import is_folder
from r1code.tree.snapshot import Snapshot
from r1code.tree.worktree import WorkTree
from r1code.types import Arguments, TestReport

FAILING = "failing"
"""As a selection: what failed last, then the files that it is in, then what the changes reach, then all."""
AFFECTED = "affected"
"""As a selection: the tests that can reach what was changed."""


class _Arguments(Struct, frozen=True, kw_only=True):
    selection: str = ""


class Test:
    """`command` is None where nobody said how the tests are run. `before`: what they said at first."""

    name = "test"
    arguments: type[Struct] = _Arguments

    def __init__(
        self, tree: WorkTree, sandbox: Sandbox, command: str | None, before: TestReport | None = None
    ) -> None:
        self._tree = tree
        self._sandbox = sandbox
        self._command = command
        self._known = None if before is None else frozenset((*before.uncollected, *before.failed))
        self._affected = None if command is None else Affected(tree, command)
        self._last = before
        self._whole = before
        """The last run of all tests."""
        self._state = ""
        """The files of the last run."""

    def run(self, arguments: Arguments, call_id: str, control: Control) -> Generator[Event, None, Result]:
        asked = typed(arguments, _Arguments)
        snapshot = self._tree.snapshot()
        state = _files_of(snapshot)
        commands = self._commands(asked.selection.strip(), snapshot)
        self._sandbox.start(control)
        self._sandbox.sync(snapshot, control)
        last, same = self._last, self._state == state
        told: list[str] = []
        report = TestReport()
        for command in commands:
            report = yield from self._ran(command, call_id, control)
            self._whole = report if command == self._command else self._whole
            told += [f"{command}: {summary(report)}"] if len(commands) > 1 else []
            if report.exit_code != 0 or report.timed_out:
                break
        flaky = _flaky(last, report) if same else []
        told += [f"flaky, it failed before on the same files: {name}" for name in flaky]
        self._last, self._state = report, state
        text = "\n".join(filter(None, [*told, "" if len(commands) > 1 else summary(report), report.digest]))
        failed = report.exit_code != 0 or report.timed_out
        return Result(text=text, display=summary(report), status="failed" if failed else "ok")

    def _commands(self, selection: str, now: Snapshot) -> tuple[str, ...]:
        if self._command is None or self._affected is None:
            raise ToolError("No test command is known here. Run the tests with <run>.")
        if selection not in {FAILING, AFFECTED}:
            return (f"{self._command} {selection}".strip(),)
        failures = () if self._last is None else self._last.failures
        if selection == FAILING and not failures:
            raise ToolError("No test is known to fail. <test/> runs them all.")
        found = stages(self._command, failures)
        if selection == FAILING and len(found) == 1:
            raise ToolError(f"`{self._command}` cannot be told to run single tests. <test/> runs them all.")
        reach = self._affected.reach(now, self._whole)
        if selection == FAILING:
            middle = [reach.command] if reach.command is not None and reach.is_part else []
            return tuple(dict.fromkeys([*found[:-1], *middle, found[-1]]))
        if not reach.changed:
            raise ToolError("Nothing was changed yet. <test/> runs all tests.")
        if reach.command is None:
            raise ToolError("Which tests the changes reach is not known. <test/> runs them all.")
        return (reach.command,)

    def _ran(self, command: str, call_id: str, control: Control) -> Generator[Event, None, TestReport]:
        running = run_tests(self._sandbox, command, control, known=self._known)
        with self._tree.watched(f"test {command}") if self._sandbox.in_place else nullcontext():
            try:
                while True:
                    yield CommandOutput(call_id=call_id, text=next(running))
            except StopIteration as stop:
                report: TestReport = stop.value
            finally:
                running.close()
        yield TestsRan(call_id=call_id, command=command, report=report)
        return report


def _files_of(snapshot: Snapshot) -> str:
    """What a run of tests is about: not the caches and empty folders that it leaves itself."""
    kept = {path: one for path, one in snapshot.entries.items() if not (is_folder(one) or in_cache(path))}
    return Snapshot(kept).digest


def _flaky(last: TestReport | None, report: TestReport) -> list[str]:
    passed = frozenset(report.passed)
    return [] if last is None or not report.structured else [name for name in last.failed if name in passed]
