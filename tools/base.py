"""What R1 may do: the contract of a tool, and the draft that edits are written into."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Literal, Protocol, TypeVar

import msgspec
from msgspec import Struct

from r1code.control import Control
from r1code.errors import ToolError
from r1code.events import Event
from r1code.repo.files import Text, decode, is_binary
from r1code.repo.symbols import can_outline, outline
from r1code.tree.worktree import NEW_FILE_MODE, WorkTree
from r1code.types import Arguments, Status

T = TypeVar("T")

Syntax = Literal["checked", "any"]
"""Whether a change may leave a file that cannot be parsed."""


class Result(Struct, frozen=True, kw_only=True):
    """What came of a call: `text` for the model, `display` for a person (empty: the same)."""

    text: str
    display: str = ""
    status: Status = "ok"


class ReadTool(Protocol):
    """Looks at the work tree. Its effect is `read`."""

    name: str
    arguments: type[Struct]

    def read(self, arguments: Arguments, control: Control) -> Result:
        """Raises ToolError for what cannot be done, besides Cancelled."""
        ...


class WriteTool(Protocol):
    """Changes files: it writes into a draft, and the drafts of one reply land together. Effect: `write`."""

    name: str
    arguments: type[Struct]

    def draft(self, arguments: Arguments, draft: Draft) -> Result:
        """Raises ToolError; what it drafted before does not matter then."""
        ...


class ExecTool(Protocol):
    """Runs commands. Its effect is `exec`."""

    name: str
    arguments: type[Struct]

    def run(self, arguments: Arguments, call_id: str, control: Control) -> Generator[Event, None, Result]:
        """Raises ToolError for what cannot be done, besides SandboxError, StateError and Cancelled."""
        ...


class Draft:
    """The work tree as it would be. Nothing touches the disk before `land`."""

    def __init__(self, tree: WorkTree, protected: Callable[[str], bool]) -> None:
        self._tree = tree
        self._protected = protected
        self._changes: dict[str, bytes | None] = {}
        self._unchecked: set[str] = set()
        self._modes: dict[str, int] = {}

    def resolve(self, path: str, *, follow_last: bool = True) -> str:
        """The path as the tree knows it. Raises ToolError where nothing may be written.

        `follow_last`: a link stands for what it points to.
        """
        resolved = self._tree.resolve(path, follow_last=follow_last)
        if self._protected(resolved):
            raise ToolError(f"{resolved} is protected: it must stay as it is. Solve the task in other files.")
        return resolved

    def exists(self, path: str) -> bool:
        return self._changes[path] is not None if path in self._changes else self._tree.entry(path) is not None

    def read(self, path: str) -> bytes:
        """The drafted content, else the one on disk. Raises ToolError when there is none."""
        if path in self._changes:
            drafted = self._changes[path]
            if drafted is None:
                raise ToolError(f"{path} is deleted by the same reply, so it cannot be used after that.")
            return drafted
        return self._tree.read(path)

    def text(self, path: str) -> Text:
        """As `read`, for a file that is text. Raises ToolError where it is none."""
        data = self.read(path)
        if is_binary(data):
            raise ToolError(f"{path} is a binary file. Only text can be changed.")
        return decode(data)

    def mode(self, path: str) -> int:
        """The permission bits that `path` will have. Raises ToolError when it is not there."""
        self.read(path)
        entry = self._tree.entry(path)
        return self._modes.get(path, NEW_FILE_MODE if entry is None else entry.mode)

    def write(self, path: str, data: bytes, *, mode: int | None = None, syntax: Syntax = "checked") -> None:
        """`mode`: permission bits; None: as the file has them."""
        self._changes[path] = data
        (self._unchecked.add if syntax == "any" else self._unchecked.discard)(path)
        if mode is not None:
            self._modes[path] = mode

    def delete(self, path: str) -> None:
        """Raises ToolError when there is nothing."""
        if path in self._changes or not self._tree.is_link(path):
            self.read(path)
        self._changes[path] = None

    @property
    def paths(self) -> set[str]:
        return set(self._changes)

    def broken(self) -> dict[str, str]:
        """The drafted files that cannot be parsed, each with where and why that is said.

        Only files that could be parsed before, and new ones; not those whose syntax nobody wants checked.
        """
        found: dict[str, str] = {}
        for path, data in self._changes.items():
            if data is None or path in self._unchecked or not can_outline(path):
                continue
            line = _error(data)
            if line is not None and (self._tree.entry(path) is None or _error(self._tree.read(path)) is None):
                text = decode(data).text.split("\n")
                found[path] = f"line {line}: {text[line - 1].strip() if line <= len(text) else 'the end'}"
        return found

    def land(self) -> None:
        """Applies the whole draft or nothing of it. Raises StateError."""
        if self._changes:
            what = f"edit {', '.join(sorted(self._changes))}"
            self._tree.write(self._changes, what, modes=self._modes)


def _error(data: bytes) -> int | None:
    return None if is_binary(data) else outline(decode(data).text).error


def typed(arguments: Arguments, kind: type[T]) -> T:
    """The arguments as the tool's own type. Raises ToolError that says which one is wrong."""
    try:
        return msgspec.convert(arguments, type=kind)
    except msgspec.ValidationError as error:
        raise ToolError(f"The arguments cannot be used: {error}.") from error
