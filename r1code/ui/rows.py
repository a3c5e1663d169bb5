"""Lines of foreign text in a column: broken where it is full, never inside a character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import get_character_cell_size

from r1code.ui.piece import Piece, Style

_TAB = 4
_NARROWEST = 8


def rows(parts: Sequence[Piece], room: int) -> list[list[Piece]]:
    """The parts of one line, safe and without a newline, in rows of at most `room` columns; one row at least.

    Tabs go to the next fourth column of the line, wherever it was broken. A mark stays with its letter.
    """
    room = max(_NARROWEST, room)
    if sum(len(part.text) for part in parts) <= room and all(map(_is_simple, parts)):
        return [list(parts)]
    found: list[list[Piece]] = [[]]
    column = used = 0
    for text, style in _characters(parts):
        shown = " " * (_TAB - column % _TAB) if text == "\t" else text
        size = len(shown) if text == "\t" else get_character_cell_size(text)
        column += size
        # A mark takes no room, so it is never the one that goes to the next row.
        if used + size > room:
            found.append([])
            used = 0
        used += size
        row = found[-1]
        if row and row[-1].style == style:
            row[-1] = Piece(row[-1].text + shown, style)
        else:
            row.append(Piece(shown, style))
    return found


def _is_simple(part: Piece) -> bool:
    return part.text.isascii() and "\t" not in part.text


def _characters(parts: Sequence[Piece]) -> Iterator[tuple[str, Style]]:
    for part in parts:
        for text in part.text:
            yield text, part.style
