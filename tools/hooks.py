"""What runs in the sandbox after edits: formatters, whose changes belong to the edit, and linters."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import nullcontext
from typing import Literal

from msgspec import Struct

from r1code.control import Control
from r1code.errors import ToolError
from r1code.events import Event
from r1code.sandbox.base import Sandbox
from r1code.tools.run import output
from r1code.tools.truncation import clip
from r1code.tree.worktree import WorkTree
from r1code.types import ExecResult

HookKind = Literal["format", "lint"]
MOST_CHARS = 2_000
_NOT_FOUND = 127


_ABSENT = ExecResult(exit_code=_NOT_FOUND, signal=None, timed_out=False, truncated=False, output="", seconds=0.0)


class Hook(Struct, frozen=True, kw_only=True):
    kind: HookKind
    command: str
    """The changed files are appended."""
    check: str | None = None
    """For a formatter: ends with 0 for files that are formatted. Only such files, and new ones, are formatted."""
    suffixes: tuple[str, ...] = ()
    """Of the files that it is for; empty: all."""

    def wanted(self, paths: Iterable[str]) -> list[str]:
        return sorted(path for path in paths if not self.suffixes or path.endswith(self.suffixes))


PYTHON = (".py", ".pyi")
WEB = (".js", ".jsx", ".ts", ".tsx", ".css", ".scss", ".html", ".json", ".md", ".yaml", ".yml")
_RUFF = Hook(kind="format", command="ruff format -q", check="ruff format -q --check", suffixes=PYTHON)
_RUFF_LINT = Hook(kind="lint", command="ruff check -q --output-format=concise", suffixes=PYTHON)
_BLACK = Hook(kind="format", command="black -q", check="black -q --check", suffixes=PYTHON)
_PRETTIER = Hook(
    kind="format",
    command="npx --no-install prettier --log-level=error --write",
    check="npx --no-install prettier --log-level=error --check",
    suffixes=WEB,
)


def detected(read: Callable[[str], str | None]) -> tuple[Hook, ...]:
    """What a project's own files ask for; `read` gives the text of a file at its root, or None."""
    settings = read("pyproject.toml") or ""
    has_ruff = any(read(name) is not None for name in ("ruff.toml", ".ruff.toml")) or "[tool.ruff" in settings
    found: list[Hook] = []
    if "[tool.black" in settings:
        found.append(_BLACK)
    elif has_ruff:
        found.append(_RUFF)
    if has_ruff:
        found.append(_RUFF_LINT)
    if any(read(name) is not None for name in (".prettierrc", ".prettierrc.json", ".prettierrc.yaml")):
        found.append(_PRETTIER)
    return tuple(found)


class Hooks:
    def __init__(
        self, tree: WorkTree, sandbox: Sandbox, hooks: Sequence[Hook], protected: Callable[[str], bool]
    ) -> None:
        self._tree = tree
        self._sandbox = sandbox
        self._hooks = hooks
        self._protected = protected
        self._missing: set[str] = set()
        """Commands whose program the sandbox does not have."""

    def before(self, paths: Iterable[str], control: Control) -> Generator[Event, None, set[tuple[str, str]]]:
        """Which formatter may touch which of the paths that are about to change: (command, path)."""
        may: set[tuple[str, str]] = set()
        for hook in self._hooks:
            wanted = hook.wanted(paths) if hook.kind == "format" else []
            old = [path for path in wanted if self._is_there(path)]
            may.update((hook.command, path) for path in wanted if path not in old or hook.check is None)
            for path in old if hook.check is not None else []:
                if (yield from self._run(hook.check or "", [path], "", control)).exit_code == 0:
                    may.add((hook.command, path))
        return may

    def after(
        self, paths: Iterable[str], may: set[tuple[str, str]], call_id: str, control: Control
    ) -> Generator[Event, None, list[str]]:
        """Runs the hooks on what changed; one line or more for the model about each that had something to say."""
        told: list[str] = []
        for hook in self._hooks:
            wanted = [path for path in hook.wanted(paths) if self._is_there(path)]
            if hook.kind == "format":
                wanted = [path for path in wanted if (hook.command, path) in may]
            if not wanted:
                continue
            watched = self._tree.watched(hook.command) if self._sandbox.in_place else nullcontext()
            with watched:
                result = yield from self._run(hook.command, wanted, call_id, control)
            if result.exit_code == _NOT_FOUND:
                continue
            if hook.kind == "format":
                told += self._keep(hook, wanted, control)
            if not result.succeeded:
                told.append(f"[{hook.command}]\n{clip(result.output, MOST_CHARS).text.rstrip()}")
        return told

    def _is_there(self, path: str) -> bool:
        try:
            return self._tree.entry(path) is not None
        except ToolError:
            return False

    def _keep(self, hook: Hook, wanted: Sequence[str], control: Control) -> list[str]:
        """Takes over what a formatter did to the files that it was given."""
        kept = self._sandbox.changes(control, lambda path: path in wanted and not self._protected(path))
        if not self._sandbox.in_place:
            self._tree.apply(kept, hook.command)
        return [f"formatted by {hook.command}: {', '.join(kept.paths)}"] if kept else []

    def _run(
        self, command: str, paths: Sequence[str], call_id: str, control: Control
    ) -> Generator[Event, None, ExecResult]:
        tool = shlex.split(command)[0]
        if tool in self._missing:
            return _ABSENT
        self._sandbox.start(control)
        self._sandbox.sync(self._tree.snapshot(), control)
        words = " ".join(shlex.quote(path if not path.startswith("-") else f"./{path}") for path in paths)
        line = f"command -v {shlex.quote(tool)} >/dev/null || exit {_NOT_FOUND}; {command} {words}"
        result = yield from output(self._sandbox.run(line, control), call_id)
        if result.exit_code == _NOT_FOUND:
            self._missing.add(tool)
        return result
