"""Searches the files for a regular expression."""

from __future__ import annotations

from msgspec import Struct

from r1code.control import Control
from r1code.errors import ToolError
from r1code.repo.search import search
from r1code.secrets.values import Hide, unchanged
from r1code.tools.base import Result, typed
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

    def __init__(self, tree: WorkTree, hide: Hide = unchanged) -> None:
        self._tree = tree
        self._hide = hide

    def read(self, arguments: Arguments, control: Control) -> Result:
        asked = typed(arguments, _Arguments)
        under = asked.path.strip().rstrip("/")
        under = "" if under in {"", "."} else self._tree.resolve(under)
        paths = [
            path for path in self._tree.paths() if not under or path == under or path.startswith(f"{under}/")
        ]
        if not paths:
            raise ToolError(f"There are no files below {under}. <list/> shows all files.")
        found = search(self._tree.root, asked.pattern, paths, control, limit=MOST_MATCHES)
        if not found.matches:
            return Result(text=f"no line matches {asked.pattern}")
        lines = [f"{match.path}:{match.line}: {self._hide(match.text)[:MOST_CHARS]}" for match in found.matches]
        heading = f"{found.total} matching lines"
        if found.truncated:
            heading += f", the first {len(lines)} of them"
        return Result(text="\n".join([heading, *lines]), display=heading)
