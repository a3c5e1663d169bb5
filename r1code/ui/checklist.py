"""A checklist in lines: whole when it was made, and a part of it while it is worked on. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from r1code.types import Point
from r1code.ui.flow import clip
from r1code.ui.lines import MARGIN
from r1code.ui.piece import Piece, Style
from r1code.ui.safe import safe_line

_WINDOW = 5
"""Points that are shown while they are worked on."""
_MOST = 40


def row(point: Point, number: int, width: int | None) -> str:
    """One line, without its end."""
    mark = "☑" if point.done else "☐"
    return clip(f"{MARGIN}{mark} {number}. {safe_line(' '.join(point.text.split()))}", width)


def whole(points: Sequence[Point], width: int | None) -> Iterator[Piece]:
    for number, point in enumerate(points[:_MOST], start=1):
        yield Piece(f"{row(point, number, width)}\n", "dim" if point.done else "plain")
    if len(points) > _MOST:
        yield Piece(f"{MARGIN}… {len(points) - _MOST} more\n", "dim")


def window(points: Sequence[Point], width: int) -> list[Piece]:
    """The first open point with what is around it; nothing when all are done. Pieces are lines without ends."""
    first = next((at for at, point in enumerate(points) if not point.done), None)
    if first is None:
        return []
    begin = max(0, min(first - 1, len(points) - _WINDOW))
    end = min(len(points), begin + _WINDOW)
    rows: list[Piece] = []
    for at in range(begin, end):
        style: Style = "strong" if at == first else "dim"
        rows.append(Piece(row(points[at], at + 1, width), style))
    done = sum(point.done for point in points)
    below = f", {len(points) - end} more below" if end < len(points) else ""
    head = f"{MARGIN}{done} of {len(points)} done{below}"
    return [Piece(clip(head, width), "dim"), *rows]
