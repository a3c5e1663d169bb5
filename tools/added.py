"""Folders beside the project that may be read, and nothing else."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from msgspec import Struct

from r1code.errors import ToolError
from r1code.tree.worktree import WorkTree
from r1code.types import Arguments


class Place(Struct, frozen=True, kw_only=True):
    """Where a path is: in the project (an empty `name`), or in a folder beside it."""

    name: str
    tree: WorkTree
    path: str
    """In its normal form there; `.` for the root."""

    def shown(self, path: str) -> str:
        """A path of that tree as the model knows it."""
        return f"{self.name}/{path}" if self.name else path


class Added:
    """By the names that the person gave them, such as `../lib`. They are never resolved from the project."""

    def __init__(self, folders: Mapping[str, WorkTree] | None = None) -> None:
        self._folders = dict(sorted((folders or {}).items(), key=lambda one: -len(one[0])))

    def place(self, tree: WorkTree, asked: str) -> Place:
        """What `asked` names. Raises ToolError for what is hidden, or leads out of the folder it begins with."""
        name = self._named(asked)
        if name is None:
            return Place(name="", tree=tree, path=tree.resolve(asked))
        other = self._folders[name]
        try:
            return Place(name=name, tree=other, path=other.resolve(_normal(asked)[len(name) :].strip("/") or "."))
        except ToolError as error:
            raise ToolError(f"In {name}: {error}") from error

    def refuse_change(self, arguments: Arguments) -> None:
        """Raises ToolError where a call would change something in one of them."""
        for value in arguments.values():
            name = self._named(value) if isinstance(value, str) and "\n" not in value else None
            if name is not None:
                raise ToolError(
                    f"{name} can only be read: it is not part of the project. Change files of the project."
                )

    def _named(self, asked: str) -> str | None:
        path = _normal(asked)
        return next((name for name in self._folders if path == name or path.startswith(f"{name}/")), None)


def _normal(path: str) -> str:
    return posixpath.normpath(path.strip()) if path.strip() else ""
