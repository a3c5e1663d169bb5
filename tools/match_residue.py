"""What models leave around and between the lines that they mean: fences, line numbers, elisions. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from r1code.tools.match_lines import ENDS, Lines, key

_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})[\w+.#-]*\s*$")
_NUMBER = re.compile(r"[ \t]*(\d+)(:|\t|\u2192| ?\|)")
_ELISION = re.compile(r"\s*(?:#|//|--|;+|%+|/\*|<!--|\{/\*|\(\*)?\s*(?:\.\.\.|\u2026)\s*(?:\*/\}?|-->|\*\))?\s*$")
_CUT = {"": slice(None), "both": slice(1, -1), "first": slice(1, None), "last": slice(None, -1)}
_FENCED = {("both", "both"), ("both", ""), ("first", "last")}
"""Where SEARCH and REPLACE have fences that surround each of them, or both together."""


class Reading(Struct, frozen=True):
    """SEARCH and REPLACE, as they may have been meant."""

    search: list[str]
    new: list[str]
    told: str = ""
    """What was left out, in words."""
    stays: bool = False
    """REPLACE is written as the file is, so that a shift of SEARCH would be none of it."""


def readings(search: list[str], new: list[str], lines: Lines) -> list[Reading]:
    """SEARCH and REPLACE without what cannot belong to the file. Empty: nothing of the kind is there."""
    marks = _marks(search), _marks(new)
    told = ""
    if marks in _FENCED and not any(name.startswith(("```", "~~~")) for name in lines.names()):
        search, new = search[_CUT[marks[0]]], new[_CUT[marks[1]]]
        told = "the code fence around it was left out"
    if not any(map(str.strip, search)):
        return []
    first = _first_number(search)
    if first is None:
        return [Reading(search, new, told)] if told else []
    told += ", " * bool(told) + "the line numbers before it were left out"
    bare = not any(map(_NUMBER.match, new))
    if not bare and _first_number(new) is None:
        return []
    # After the sign a blank may belong to the number, or to the line.
    found = [
        Reading(_unnumbered(search, blank), new if bare else _unnumbered(new, blank), told, stays=bare)
        for blank in (" ", "")
        if all(line[_number_end(line) :].startswith((blank, *ENDS)) for line in search)
    ]
    # A single number is weak evidence, unless it is the right one.
    return [one for one in found if len(search) > 1 or lines.keys[first - 1 : first] == [key(one.search[0])]]


def _marks(lines: Sequence[str]) -> str:
    """Which of the lines are fences: none, the last (also of one line), the first, both ends, or others."""
    rows = [row for row, line in enumerate(lines) if _FENCE.match(line)]
    last = len(lines) - 1
    known: list[tuple[str, list[int]]] = [("", []), ("last", [last]), ("first", [0]), ("both", [0, last])]
    return next((name for name, where in known if where == rows), "others")


def _first_number(lines: Sequence[str]) -> int | None:
    """The first of the consecutive line numbers before every one of `lines`."""
    marks = [match for match in map(_NUMBER.match, lines) if match is not None]
    if not marks or len(marks) < len(lines) or len({match.group(2) for match in marks}) > 1:
        return None
    numbers = [int(match.group(1)) for match in marks]
    return numbers[0] if numbers == list(range(numbers[0], numbers[0] + len(lines))) else None


def _number_end(line: str) -> int:
    match = _NUMBER.match(line)
    return match.end() if match else 0


def _unnumbered(lines: Sequence[str], blank: str) -> list[str]:
    return [line[_number_end(line) :].removeprefix(blank) for line in lines]


def is_elision(line: str) -> bool:
    """Whether the line is `...`, perhaps as a comment, and nothing else."""
    return _ELISION.match(line) is not None


def parts(lines: Sequence[str]) -> list[list[str]]:
    """`lines` cut at the elisions: one part more than there are of them."""
    result: list[list[str]] = [[]]
    for line in lines:
        if is_elision(line):
            result.append([])
        else:
            result[-1].append(line)
    return result
