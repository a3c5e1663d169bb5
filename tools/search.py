"""Searches the files for a regular expression, or what the index knows for a name."""

from __future__ import annotations

from msgspec import Struct

from r1code.control import Control
from r1code.errors import ToolError
from r1code.repo.search import search
from r1code.secrets.values import Hide, unchanged
from r1code.tools.added import Added, Place
from r1code.tools.base import Result, typed
from r1code.tools.list import is_below
from r1code.tools.symbols import Symbols
from r1code.tree.worktree import WorkTree
from r1code.types import Arguments

MOST_MATCHES = 60
MOST_CHARS = 200


class _Arguments(Struct, frozen=True, kw_only=True):
    pattern: str | None = None
    path: str = "."
    symbol: str | None = None
    references: str | None = None
    callers: str | None = None

    @property
    def wanted(self) -> str:
        """What is searched for. Raises ToolError unless it is one thing."""
        given = [name for name in ("pattern", "symbol", "references", "callers") if getattr(self, name)]
        if len(given) != 1:
            raise ToolError("A search needs one of pattern, symbol, references and callers, and only one.")
        return given[0]


class Search:
    name = "search"
    arguments: type[Struct] = _Arguments

    def __init__(
        self,
        tree: WorkTree,
        hide: Hide = unchanged,
        symbols: Symbols | None = None,
        added: Added | None = None,
    ) -> None:
        """`symbols`: None, where there is no index. What is `added` has none."""
        self._tree = tree
        self._added = added or Added()
        self._hide = hide
        self._symbols = symbols

    def read(self, arguments: Arguments, control: Control) -> Result:
        asked = typed(arguments, _Arguments)
        wanted = asked.wanted
        place = self._added.place(self._tree, asked.path.strip().rstrip("/") or ".")

        def within(path: str) -> bool:
            return is_below(path, place.path)

        paths = [path for path in place.tree.paths() if within(path)]
        if not paths:
            raise ToolError(f"There are no files below {place.shown(place.path)}. <list/> shows all files.")
        if wanted == "pattern":
            return self._lines(asked.pattern or "", place, paths, control)
        if self._symbols is None or place.name:
            raise ToolError(
                f"There is no index {f'of {place.name}' if place.name else 'here'}. Search for a pattern."
            )
        if asked.symbol:
            return self._symbols.definition(asked.symbol, within, control)
        if asked.references:
            return self._symbols.references(asked.references, within, control)
        return self._symbols.callers(asked.callers or "", within, control)

    def _lines(self, pattern: str, place: Place, paths: list[str], control: Control) -> Result:
        found = search(place.tree.root, pattern, paths, control, limit=MOST_MATCHES)
        if not found.matches:
            return Result(text=f"no line matches {pattern}")
        lines = [
            f"{place.shown(match.path)}:{match.line}: {self._hide(match.text)[:MOST_CHARS]}"
            for match in found.matches
        ]
        heading = f"{found.total} matching lines"
        if found.truncated:
            heading += f", the first {len(lines)} of them"
        return Result(text="\n".join([heading, *lines]), display=heading)
