"""Long texts as values: what is kept, what was cut, and how to see it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, takewhile

from msgspec import Struct

LEAST = 80
"""A smaller limit leaves no room for the note."""

Measure = Callable[[str], int]
"""How long a text is: in characters, or in tokens of a model."""
More = Callable[[int, int], str]
"""How to see the lines from a first to a last one, counted from 1."""


def clean(text: str) -> str:
    """`text` as it can be sent and logged: what a file name holds besides UTF-8 becomes a question mark."""
    return text.encode("utf-8", errors="replace").decode()


class Clipped(Struct, frozen=True, kw_only=True):
    text: str
    """Within the limit, the note about the cut included."""
    head: int
    """Whole lines that are left at the beginning."""
    cut_lines: int
    """Left out, those that are only there in part included; 0: the text is whole."""
    tail: int
    """Whole lines that are left at the end. All lines are in one of the three."""
    cut_bytes: int = 0
    """In UTF-8, without what is there of a line in part."""


def clip(
    text: str, limit: int, measure: Measure = len, *, tail: float = 0.5, more: More | None = None
) -> Clipped:
    """The head and the tail of `text` in at most `limit`, as whole lines.

    `tail`: the share of the end; what one side does not need is not given to the other. The note in between says
    how much was cut, and with `more` how to see it, if that is said in half of the limit. Where not even the
    first line fits, the text holds a part of it. Raises ValueError for a limit below LEAST.
    """
    if limit < LEAST:
        raise ValueError(f"a limit below {LEAST} leaves no room for the note")
    lines = text.split("\n")
    if measure(text) <= limit:
        return Clipped(text=text, head=len(lines), cut_lines=0, tail=0)
    longest = _note(lines, len(text) * 4, 1, more)
    if measure(longest) > limit // 2:
        more, longest = None, _note(lines, len(text) * 4, 1, None)
    room = limit - measure(longest)
    while True:
        clipped = _clipped(lines, max(room, 0), measure, tail=tail, more=more)
        if room <= 0 or measure(clipped.text) <= limit:
            return clipped
        # Lines next to one another may count a little more, or less, than each alone.
        room = room * 15 // 16 - 1


def _clipped(lines: Sequence[str], room: int, measure: Measure, *, tail: float, more: More | None) -> Clipped:
    last = _fitting(lines[::-1], int(room * tail), measure)
    first = _fitting(lines[: len(lines) - last], room - int(room * tail), measure)
    head, end = list(lines[:first]), list(lines[len(lines) - last :])
    missing = lines[first : len(lines) - last]
    cut = len("\n".join(missing).encode())
    if first == 0:
        # A line that is longer than all the room, such as minified code.
        part = _beginning(missing[0], room - int(room * tail if last else 0), measure)
        head, cut = ([part] if part else []), cut - len(part.encode())
    note = _note(missing, cut, first + 1, more)
    return Clipped(
        text="\n".join([*head, note, *end]), head=first, cut_lines=len(missing), tail=last, cut_bytes=cut
    )


def _fitting(lines: Sequence[str], room: int, measure: Measure) -> int:
    """How many of the first lines fit."""
    used = accumulate(measure(f"{line}\n") for line in lines)
    return min(sum(1 for _ in takewhile(lambda sum_: sum_ <= room, used)), len(lines))


def _beginning(line: str, room: int, measure: Measure) -> str:
    part = line[: max(room, 0) * 4]
    while part and measure(part) > room:
        part = part[: len(part) * 3 // 4]
    return part


def _note(lines: Sequence[str], size: int, first: int, more: More | None) -> str:
    see = "" if more is None else f"; {more(first, first + len(lines) - 1)} shows them"
    return f"[... {len(lines)} lines, {size} bytes left out{see} ...]"
