"""Searches the files for a regular expression."""

from __future__ import annotations

from msgspec import Struct

from r1code.control import Control
from r1code.errors import ToolError
from r1code.repo.search import search
from r1code.secrets.values import Hide, unchanged
from r1code.tools.added import Added
from r1code.tools.base import Result, typed
from r1code.tools.list import is_below
from r1code.tree.worktree import WorkTree
from r1code.types import Arguments

MOST_MATCHES = 60
MOST_CHARS = 200


class _Arguments(Struct, frozen=True, kw_only=True):
    pattern: str
    path: str = "."


class Search:
    name = "search"
    arguments: type[Struct] = _Arguments

    def __init__(self, tree: WorkTree, hide: Hide = unchanged, added: Added | None = None) -> None:
        self._tree = tree
        self._added = added or Added()
        self._hide = hide

    def read(self, arguments: Arguments, control: Control) -> Result:
        asked = typed(arguments, _Arguments)
        place = self._added.place(self._tree, asked.path.strip().rstrip("/") or ".")
        paths = [path for path in place.tree.paths() if is_below(path, place.path)]
        if not paths:
            raise ToolError(f"There are no files below {place.shown(place.path)}. <list/> shows all files.")
        found = search(place.tree.root, asked.pattern, paths, control, limit=MOST_MATCHES)
        if not found.matches:
            return Result(text=f"no line matches {asked.pattern}")
        lines = [
            f"{place.shown(match.path)}:{match.line}: {self._hide(match.text)[:MOST_CHARS]}"
            for match in found.matches
        ]
        heading = f"{found.total} matching lines"
        if found.truncated:
            heading += f", the first {len(lines)} of them"
        return Result(text="\n".join([heading, *lines]), display=heading)
