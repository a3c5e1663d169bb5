"""A list of names and what they are, in two columns that fit the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from r1code.ui.flow import Flow, cells
from r1code.ui.lines import MARGIN

_GAP = 2


def listed(rows: Sequence[tuple[str, str]], width: int) -> str:
    """Lines of at most `width` columns, with newlines. What is too long for its column goes on below."""
    longest = max((cells(name) for name, _ in rows), default=0)
    # The words need more room than the names.
    column = min(longest, width * 2 // 5)
    before = MARGIN + " " * (column + _GAP)
    lines: list[str] = []
    for name, about in rows:
        names, words = Flow(MARGIN, width), Flow(before, width)
        head, told = names.feed(name) + names.end(), words.feed(about) + words.end()
        if cells(name) <= column:
            head, told = head.rstrip("\n") + " " * (column - cells(name)), told.removeprefix(before[:-_GAP])
            told = told or "\n"
        lines.append(head + told)
    return "".join(lines)
