"""Runs a shell command in the sandbox, and takes back what it changed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import nullcontext

from msgspec import Struct

from r1code.control import Control
from r1code.errors import ToolError
from r1code.events import CommandOutput, Event
from r1code.sandbox.base import Sandbox
from r1code.tools.background import Background, Wanted, names
from r1code.tools.base import Result, typed
from r1code.tree.worktree import WorkTree
from r1code.types import Arguments, ExecResult


class _Arguments(Struct, frozen=True, kw_only=True):
    command: str
    background: str = ""
    """The name of a command that goes on."""
    ready: str = ""


class Run:
    name = "run"
    arguments: type[Struct] = _Arguments

    def __init__(
        self, tree: WorkTree, sandbox: Sandbox, protected: Callable[[str], bool], background: Background
    ) -> None:
        self._tree = tree
        self._sandbox = sandbox
        self._protected = protected
        self._background = background

    def run(self, arguments: Arguments, call_id: str, control: Control) -> Generator[Event, None, Result]:
        asked = typed(arguments, _Arguments)
        if asked.ready and not asked.background:
            raise ToolError('ready="..." is only for a command with background="NAME".')
        self._sandbox.start(control)
        self._sandbox.sync(self._tree.snapshot(), control)
        if asked.background:
            wanted = Wanted(name=asked.background, command=asked.command, ready=asked.ready.strip())
            return (yield from self._background.start(wanted, call_id, control))
        running = self._sandbox.run(asked.command, control)
        what = f"run {asked.command}"
        with self._tree.watched(what) if self._sandbox.in_place else nullcontext():
            result = yield from output(running, call_id)
        changed = self._sandbox.changes(control)
        kept, refused = changed.parted(self._protected)
        self._tree.apply(refused.inverse() if self._sandbox.in_place else kept, what)
        text = f"{result.output.rstrip()}\n{describe(result)}".lstrip("\n")
        if kept:
            text += f"\nchanged: {names(kept)}"
        if refused:
            text += f"\nnot kept, because they are protected: {names(refused)}"
        return Result(text=text, display=describe(result), status="ok" if result.succeeded else "failed")


def output(running: Generator[str, None, ExecResult], call_id: str) -> Generator[Event, None, ExecResult]:
    """The output of a command as events, then its result."""
    try:
        while True:
            yield CommandOutput(call_id=call_id, text=next(running))
    except StopIteration as stop:
        result: ExecResult = stop.value
        return result
    finally:
        running.close()


def describe(result: ExecResult) -> str:
    """How a command ended, in words."""
    if result.timed_out:
        return f"[stopped after {result.seconds:.0f} s: the time limit]"
    if result.signal is not None:
        return f"[killed by signal {result.signal} after {result.seconds:.1f} s]"
    return f"[exit code {result.exit_code}, {result.seconds:.1f} s]"
