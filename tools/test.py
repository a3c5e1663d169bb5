"""Runs the project's tests in the sandbox. What the run leaves behind stays there."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import nullcontext

from msgspec import Struct

from r1code.control import Control
from r1code.errors import ToolError
from r1code.events import CommandOutput, Event
from r1code.sandbox.base import Sandbox
from r1code.sandbox.runners import run_tests, summary
from r1code.tools.base import Result, typed
from r1code.tools.truncation import clip
from r1code.tree.worktree import WorkTree
from r1code.types import Arguments

MOST_CHARS = 8_000


class _Arguments(Struct, frozen=True, kw_only=True):
    selection: str = ""


class Test:
    """`command` is None where nobody said how the tests are run."""

    name = "test"

    def __init__(self, tree: WorkTree, sandbox: Sandbox, command: str | None) -> None:
        self._tree = tree
        self._sandbox = sandbox
        self._command = command

    def run(self, arguments: Arguments, call_id: str, control: Control) -> Generator[Event, None, Result]:
        asked = typed(arguments, _Arguments)
        if self._command is None:
            raise ToolError("No test command is known here. Run the tests with <run>.")
        self._sandbox.start(control)
        self._sandbox.sync(self._tree.snapshot(), control)
        command = f"{self._command} {asked.selection}".strip()
        running = run_tests(self._sandbox, command, control)
        with self._tree.watched(f"test {command}") if self._sandbox.in_place else nullcontext():
            try:
                while True:
                    yield CommandOutput(call_id=call_id, text=next(running))
            except StopIteration as stop:
                report = stop.value
            finally:
                running.close()
        text = f"{summary(report)}\n{report.digest}".strip()
        failed = report.exit_code != 0 or report.timed_out
        return Result(
            text=clip(text, MOST_CHARS).text, display=summary(report), status="failed" if failed else "ok"
        )
