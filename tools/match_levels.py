"""How exactly lines fit the lines of a file, and what a replacement becomes where they fit less than exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from enum import IntEnum

from msgspec import Struct

from r1code.tools.match_lines import BLANKS, ENDS, WHITE, end, fold

Move = Callable[[str], str | None]
"""An indentation as the model has it -> as the file has it, or None when there is no room for it."""

_TABS = (4, 8, 2, 3)


class Level(IntEnum):
    """Strictest first."""

    EXACT = 1
    TRAILING = 2
    SHIFTED = 3
    ALIKE = 4
    ALIKE_SHIFTED = 5


SHIFTED = (Level.SHIFTED, Level.ALIKE_SHIFTED)
WORDS = {
    Level.TRAILING: "white space at the ends of lines differed",
    Level.SHIFTED: "the indentation differed, and REPLACE was shifted to that of the file",
    Level.ALIKE: "look-alike characters differed (quotes, dashes, spaces), and the file's were kept",
    Level.ALIKE_SHIFTED: "the indentation and look-alike characters differed, and the file's were kept",
}
"""How lines differed that were found at a level."""

ASIDE = {
    Level.TRAILING: "white space at the ends of lines is left",
    Level.SHIFTED: "the indentation is left",
    Level.ALIKE: "look-alike characters are left",
    Level.ALIKE_SHIFTED: "the indentation and look-alike characters are left",
}
"""What a level does not look at."""


class Fit(Struct, frozen=True):
    level: Level
    move: Move


def _stay(indent: str) -> str:
    return indent


def _folding(move: Move) -> Move:
    return lambda indent: move(fold(indent))


def fit(wanted: Sequence[str], found: Sequence[str]) -> Fit | None:
    """The strictest level at which `wanted` are the lines `found`, or None where the indentation is ragged.

    Both have the same keys (`match_lines.key`), line by line.
    """
    if list(wanted) == list(found):
        return Fit(Level.EXACT, _stay)
    if not any(line.strip() for line in wanted):
        return None
    for alike in (False, True):
        ours = [_trimmed(line, alike=alike) for line in wanted]
        theirs = [_trimmed(line, alike=alike) for line in found]
        if ours == theirs:
            return Fit(Level.ALIKE if alike else Level.TRAILING, _stay)
        if [line.lstrip(" \t") for line in ours] == [line.lstrip(" \t") for line in theirs]:
            pairs = [(_indent(a), _indent(b)) for a, b in zip(ours, theirs, strict=True) if a]
            move = _shift(pairs)
            if move is not None:
                return Fit(Level.ALIKE_SHIFTED, _folding(move)) if alike else Fit(Level.SHIFTED, move)
    return None


def _trimmed(line: str, *, alike: bool) -> str:
    return (fold(line) if alike else line).rstrip(BLANKS + ENDS)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _shift(pairs: Sequence[tuple[str, str]]) -> Move | None:
    """The one shift that makes the first of each pair of indentations the second, if there is one."""
    ours, theirs = pairs[0]
    if theirs.endswith(ours):
        added = theirs.removesuffix(ours)
        if all(there == added + here for here, there in pairs):
            return lambda indent: added + indent
    if ours.endswith(theirs):
        dropped = ours.removesuffix(theirs)
        if all(here == dropped + there for here, there in pairs):
            return lambda indent: indent.removeprefix(dropped) if indent.startswith(dropped) else None
    return _columns(pairs)


def _columns(pairs: Sequence[tuple[str, str]]) -> Move | None:
    """As `_shift`, where the one side has tabs and the other spaces: they must agree by columns."""
    if not any("\t" in indent for pair in pairs for indent in pair):
        return None
    shifts: dict[int, int] = {}
    for tab in _TABS:
        steps = {len(there.expandtabs(tab)) - len(here.expandtabs(tab)) for here, there in pairs}
        if len(steps) == 1:
            shifts[tab] = steps.pop()
    # A conversion alone is the plainer reading; among several that shift as well there is no telling.
    level = [tab for tab, step in shifts.items() if step == 0] or list(shifts)
    if len(level) != 1:
        return None
    tab, step = level[0], shifts[level[0]]
    known = dict(pairs)
    tabbed = any("\t" in there for _, there in pairs)

    def move(indent: str) -> str | None:
        if indent in known:
            return known[indent]
        width = len(indent.expandtabs(tab)) + step
        if width < 0:
            return None
        return "\t" * (width // tab) + " " * (width % tab) if tabbed else " " * width

    return move


def rewritten(lines: Sequence[str], wanted: Sequence[str], found: Sequence[str], move: Move) -> list[str] | None:
    """The replacement `lines` as they belong in place of `found`, which `wanted` stood for.

    What repeats lines of `wanted`, or the text of one at another indentation, is the file's own. All else stays
    as the model wrote it; its indentation is moved, and it ends as most of `found` do. None: a line would have to
    stand left of the first column.
    """
    usual = Counter(map(end, found)).most_common(1)[0][0]
    ours, new = ([line.rstrip(ENDS) for line in part] for part in (wanted, lines))
    own = _repeated(ours, new)
    wholes = _same(ours, found)
    bodies = _same([_cut(line)[1] for line in ours], [_cut(line)[1] for line in found])
    result: list[str] = []
    for row, line in enumerate(new):
        whole = found[own[row]] if row in own else wholes.get(line)
        if whole is None:
            indent, body, trail = _cut(line)
            moved = move(indent) if body else indent
            if moved is None:
                return None
            whole = moved + (bodies.get(body) or body) + trail + usual
        result.append(whole)
    return result


def _cut(line: str) -> tuple[str, str, str]:
    """Indentation, text, and white space at the end; what cannot be seen is white space."""
    body = line.strip(WHITE)
    start = len(line) - len(line.lstrip(WHITE))
    return line[:start], body, line[start + len(body) :]


def _same(ours: Sequence[str], theirs: Sequence[str]) -> dict[str, str | None]:
    """What the file has for each of `ours`; None where it has two things."""
    same: dict[str, str | None] = {}
    for here, there in zip(ours, theirs, strict=True):
        same[here] = there if same.get(here, there) == there else None
    return same


def _repeated(wanted: Sequence[str], lines: Sequence[str]) -> dict[int, int]:
    """Which lines stand for which of `wanted`: those that a comparison finds unchanged."""
    least = min(len(wanted), len(lines))
    head = next((row for row in range(least) if wanted[row] != lines[row]), least)
    tail = next((row for row in range(least - head) if wanted[-1 - row] != lines[-1 - row]), least - head)
    same = {row: row for row in range(head)}
    same |= {len(lines) - row: len(wanted) - row for row in range(1, tail + 1)}
    middle = SequenceMatcher(None, wanted[head : len(wanted) - tail], lines[head : len(lines) - tail])
    for at, to, size in middle.get_matching_blocks():
        same |= {head + to + row: head + at + row for row in range(size)}
    return same
