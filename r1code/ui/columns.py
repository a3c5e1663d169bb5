"""A change side by side: the lines as they were on the left, as they are on the right, with their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from r1code.tree.hunks import FileReview, Hunk, Review
from r1code.ui.diff import DiffLine, halves, laid_out, signed
from r1code.ui.flow import cells
from r1code.ui.piece import Piece
from r1code.ui.review import heading, shown_lines, title
from r1code.ui.rows import rows

WIDE = 120
"""Columns from which on a terminal has room for both sides."""
_BETWEEN = " │ "
_Row = list[Piece]


def side_by_side(review: Review, width: int) -> Iterator[Piece]:
    """All files and hunks, each line in its half of the `width`, in as many rows as it needs."""
    for file in review.files:
        yield from heading(file, width)
        for hunk in file.hunks:
            yield from laid_out(DiffLine(title(file, hunk), "hunk"), "", width)
            yield from _hunk(file, hunk, width)


def _hunk(file: FileReview, hunk: Hunk, width: int) -> Iterator[Piece]:
    half = (width - len(_BETWEEN)) // 2
    digits = len(str(max(hunk.old.start + hunk.old.count, hunk.new.start + hunk.new.count)))
    for left, right in halves(shown_lines(file.lines(hunk))):
        olds = _half(left, None if left is None else left.old, digits, half)
        news = _half(right, None if right is None else right.new, digits, half)
        for old, new in zip_longest(olds, news, fillvalue=list[Piece]()):
            used = sum(cells(piece.text) for piece in old)
            yield from [
                *old,
                Piece(" " * (half - used)),
                Piece(_BETWEEN.rstrip() if not new else _BETWEEN, "dim"),
            ]
            yield from [*new, Piece("\n")]


def _half(line: DiffLine | None, number: int | None, digits: int, half: int) -> Iterator[_Row]:
    if line is None:
        return
    # A note is no line: it has no text of its own.
    sign, parts = ("", [Piece(line.text, line.style)]) if line.style == "dim" else signed(line)
    gutter = f"{'' if number is None else number:>{digits}} "
    for place, row in enumerate(rows(parts, half - len(gutter) - 2)):
        start = gutter if place == 0 else " " * len(gutter)
        yield [Piece(start, "dim"), Piece(f"{sign if place == 0 else ' ':<2}", line.style), *row]
