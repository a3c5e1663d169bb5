"""What an edit broke in the files that it changed: syntax at once, the rest when it is known."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Protocol

from r1code.control import Control
from r1code.errors import StateError, ToolError
from r1code.events import Event, Notice
from r1code.repo.files import decode, is_binary
from r1code.repo.index.syntax import Syntax
from r1code.tree.worktree import WorkTree

Contents = dict[str, bytes | None]
"""Path -> what is there; None: nothing."""
Edited = Mapping[str, tuple[bytes | None, bytes | None]]
"""Path -> what was there before, and what is there now."""
DIAGNOSTIC = "[diagnostic] "
"""How a line begins that tells of something later than the edit."""
_MOST_CHARS = 80
_MOST_BYTES = 1_000_000


class Checking(Protocol):
    """What looks at edited files in its own time."""

    def look(self, edited: Edited, control: Control) -> None:
        """Takes note of an edit that landed. Raises SandboxError and Cancelled."""
        ...

    def news(self) -> list[str]:
        """What was found since this was last asked, in lines for the model."""
        ...

    def troubles(self) -> list[str]:
        """Why less is found than could be, in words for a person; each once."""
        ...


class Diagnostics:
    """Of one work tree. `checking`: language servers, where some are configured."""

    def __init__(self, tree: WorkTree, syntax: Syntax | None, checking: Checking | None = None) -> None:
        self._tree = tree
        self._syntax = syntax
        self._checking = checking

    def before(self, paths: Iterable[str]) -> Contents:
        """What an edit is about to change, but for what is too large to look at: `after` wants it."""
        return {path: data for path in paths if _fits(data := self._content(path))}

    def after(self, before: Contents, control: Control) -> Generator[Event, None, list[str]]:
        """What is known at once of the files that an edit changed, in lines for the model."""
        edited = {path: (was, self._content(path)) for path, was in before.items()}
        edited = {path: (was, now) for path, (was, now) in edited.items() if was != now and _fits(now)}
        told = yield from self._broken(edited, control)
        if self._checking is not None and edited:
            self._checking.look(edited, control)
            for trouble in self._checking.troubles():
                yield Notice(text=trouble, level="warning")
        return told

    def news(self) -> list[str]:
        """What came to be known since this was last asked."""
        return [] if self._checking is None else self._checking.news()

    def _broken(self, edited: Edited, control: Control) -> Generator[Event, None, list[str]]:
        if self._syntax is None:
            return []
        changed = {path: (was, now) for path, (was, now) in edited.items() if now is not None}
        try:
            broken = self._syntax.broken(changed, control)
        except StateError as error:
            self._syntax = None
            yield Notice(text=f"syntax is not looked at after edits: {error}", level="warning")
            return []
        return [_told(path, line, changed[path][1]) for path, line in sorted(broken.items())]

    def _content(self, path: str) -> bytes | None:
        try:
            entry = self._tree.entry(path)
            return None if entry is None else self._tree.read(path)
        except ToolError:
            return None


def _fits(data: bytes | None) -> bool:
    return data is None or len(data) <= _MOST_BYTES


def _told(path: str, line: int, data: bytes) -> str:
    lines = [] if is_binary(data) else decode(data).text.split("\n")
    text = lines[line - 1].strip() if line <= len(lines) else ""
    near = f" near {text[:_MOST_CHARS]!r}" if text else ""
    return f"{path}:{line}: syntax error{near}; it was not there before this change"
