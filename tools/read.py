"""Shows a file, or some lines of it."""

from __future__ import annotations

import re

from msgspec import Struct

from r1code.control import Control
from r1code.errors import ToolError
from r1code.repo.files import decode, is_binary
from r1code.secrets.values import Hide, unchanged
from r1code.tools.added import Added
from r1code.tools.base import Result, typed
from r1code.tools.match_lines import ENDS, split
from r1code.tools.outputs import Outputs, reading
from r1code.tools.truncation import LEAST, clip
from r1code.tree.worktree import WorkTree
from r1code.types import Arguments


class _Arguments(Struct, frozen=True, kw_only=True):
    path: str
    lines: str | None = None


class Read:
    name = "read"
    arguments: type[Struct] = _Arguments

    def __init__(
        self, tree: WorkTree, hide: Hide = unchanged, outputs: Outputs | None = None, added: Added | None = None
    ) -> None:
        """`hide` goes over the whole file before a part of it is cut out."""
        self._tree = tree
        self._hide = hide
        self._outputs = outputs or Outputs()
        self._added = added or Added()

    def read(self, arguments: Arguments, control: Control) -> Result:
        asked = typed(arguments, _Arguments)
        path, lines = self._lines(asked.path)
        first, last = _range(asked.lines, len(lines), path)
        measure = self._outputs.measure
        room = self._outputs.most - measure(_heading(path, first, last, len(lines)) + "\n")
        clipped = clip(
            "\n".join(lines[first - 1 : last]),
            max(room, LEAST),
            measure,
            tail=0.0,
            more=lambda start, end: reading(path, first + start - 1, first + end - 1),
        )
        shown = last if clipped.cut_lines == 0 else first + max(clipped.head, 1) - 1
        heading = _heading(path, first, shown, len(lines))
        return Result(text=f"{heading}\n{clipped.text}" if lines else heading, display=heading)

    def _lines(self, asked: str) -> tuple[str, list[str]]:
        """The path as it is known here, and what it has."""
        output = self._outputs.whole(asked)
        if output is not None:
            return asked.strip(), output.split("\n")
        place = self._added.place(self._tree, asked)
        path, data = place.shown(place.path), place.tree.read(place.path)
        if is_binary(data):
            raise ToolError(f"{path} is a binary file of {len(data)} bytes. Only text can be read.")
        # As edits count them: a form feed ends no line.
        return path, [line.rstrip(ENDS) for line in split(self._hide(decode(data).text))]


def _heading(path: str, first: int, last: int, total: int) -> str:
    if total == 0:
        return f"{path} (empty)"
    if (first, last) == (1, total):
        return f"{path} ({total} lines)"
    return f"{path} (lines {first}-{last} of {total})"


def _range(lines: str | None, total: int, path: str) -> tuple[int, int]:
    if lines is None or total == 0:
        return 1, total
    match = re.fullmatch(r"\s*(\d+)\s*(?:[-:,]\s*(\d*)\s*)?", lines)
    if match is None:
        raise ToolError(f'lines="{lines}" is not a range. Write lines="10-40".')
    first = max(1, int(match.group(1)))
    last = int(match.group(2)) if match.group(2) else (total if match.group(2) == "" else first)
    if first > total or last < first:
        raise ToolError(f'lines="{lines}" is outside of {path}, which has {total} lines.')
    return first, min(last, total)
