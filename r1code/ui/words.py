"""Which words of a line changed. Pure; the cost of a pair is bounded, however long its lines are."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from rich.cells import get_character_cell_size

Spans = tuple[tuple[int, int], ...]
"""Where something changed, as start and end; in order and apart."""

_ASCII = re.compile(r"\w+|\s+|[^\w\s]")
_LONGEST = 20_000
"""Characters of a line that is looked into; a longer one changed as a whole."""
_MOST_WORDS = 2_000
"""That differ between two lines, the same ones at their ends left out."""
_MOST_PAIRS = 900
"""Of lines that are weighed against each other to find out which one became which."""
_ALIKE = 0.3
"""Of the longer line, in characters: with less in common it is another line."""
_WIDE = 2


def words(text: str) -> list[str]:
    """The text in parts: words, white space, single signs. Wide characters stand alone, marks never do."""
    if text.isascii():
        return _ASCII.findall(text)
    found: list[str] = []
    last = ""
    for character in text:
        kind = _kind(character)
        if found and (kind == "mark" or kind == last != "sign"):
            found[-1] += character
        else:
            found.append(character)
        # A letter with its marks goes on as the word that it is in.
        last = last if kind == "mark" and found[-1] != character else kind
    return found


def _kind(character: str) -> str:
    if unicodedata.category(character).startswith("M"):
        return "mark"
    if character.isspace():
        return "space"
    if get_character_cell_size(character) == _WIDE:
        return "sign"
    return "word" if character.isalnum() or character == "_" else "sign"


def changed(old: str, new: str) -> tuple[Spans, Spans]:
    """What to mark in a line and in the one in its place: all of both, where they have little in common."""
    whole = _span(0, len(old)), _span(0, len(new))
    if max(len(old), len(new)) > _LONGEST:
        return whole
    ours, theirs = words(old), words(new)
    start = _same(ours, theirs)
    end = _same(ours[start:][::-1], theirs[start:][::-1])
    inner = ours[start : len(ours) - end], theirs[start : len(theirs) - end]
    pairs = [] if max(map(len, inner)) > _MOST_WORDS else _common(*inner)
    pairs = [(first + start, second + start) for first, second in pairs]
    tail = [(len(ours) - step, len(theirs) - step) for step in range(end, 0, -1)]
    pairs = [*((index, index) for index in range(start)), *pairs, *tail]
    shared = sum(len(ours[first]) for first, _ in pairs if not ours[first].isspace())
    longer = max(sum(len(word) for word in each if not word.isspace()) for each in (ours, theirs))
    if shared < _ALIKE * longer:
        return whole
    pairs = _without_gaps(pairs, ours)
    first, second = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    return _marked(ours, first), _marked(theirs, second)


def _span(start: int, end: int) -> Spans:
    return ((start, end),) if end > start else ()


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words at the start are the same."""
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count


def _common(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    """The places of a longest common subsequence, row by row in the bits of one integer each."""
    places: dict[str, int] = {}
    for index, word in enumerate(other):
        places[word] = places.get(word, 0) | 1 << index
    every = (1 << len(other)) - 1
    row = every
    rows: list[int] = []
    for word in one:
        matching = row & places.get(word, 0)
        row = ((row + matching) | (row - matching)) & every
        rows.append(row)
    # A bit of a row is 0 where the subsequence grows by one.
    pairs: list[tuple[int, int]] = []
    first, second = len(one) - 1, len(other) - 1
    while first >= 0 and second >= 0:
        if rows[first] >> second & 1:
            second -= 1
        elif first and not rows[first - 1] >> second & 1:
            first -= 1
        else:
            pairs.append((first, second))
            first, second = first - 1, second - 1
    return pairs[::-1]


def _without_gaps(pairs: list[tuple[int, int]], ours: Sequence[str]) -> list[tuple[int, int]]:
    """Without the white space between two words that changed: they are read, and marked, as one."""
    ends = [(-1, -1), *pairs, (len(ours) + 1, -1)]
    gaps = [one[0] - other[0] > 1 or one[1] - other[1] > 1 for other, one in pairwise(ends)]
    return [
        pair
        for pair, before, after in zip(pairs, gaps, gaps[1:], strict=False)
        if not (before and after and ours[pair[0]].isspace())
    ]


def _marked(parts: Sequence[str], same: set[int]) -> Spans:
    found: list[tuple[int, int]] = []
    at = 0
    for index, part in enumerate(parts):
        end = at + len(part)
        if index not in same:
            joined = found and found[-1][1] == at
            found[-1:] = [(found[-1][0], end)] if joined else [*found[-1:], (at, end)]
        at = end
    return tuple(found)


Pair = tuple[int | None, int | None]


def paired(removed: Sequence[str], added: Sequence[str]) -> list[Pair]:
    """Which added line took the place of which removed one, in the order to show them in; None: of none."""
    if len(removed) == len(added) or len(removed) * len(added) > _MOST_PAIRS:
        short = min(len(removed), len(added))
        pairs: list[Pair] = [(index, index) for index in range(short)]
        left: list[Pair] = [(index, None) for index in range(short, len(removed))]
        return [*pairs, *left, *((None, index) for index in range(short, len(added)))]
    return _ordered(_best(removed, added), len(removed), len(added))


def _best(removed: Sequence[str], added: Sequence[str]) -> list[tuple[int, int]]:
    """The pairs in order that have most in common."""
    ours, theirs = ([Counter(words(line[:_LONGEST])) for line in lines] for lines in (removed, added))
    best = [[0.0] * (len(added) + 1) for _ in range(len(removed) + 1)]
    alike = [[_likeness(one, other) for other in theirs] for one in ours]
    for first in reversed(range(len(removed))):
        for second in reversed(range(len(added))):
            both = best[first + 1][second + 1] + alike[first][second]
            best[first][second] = max(both, best[first + 1][second], best[first][second + 1])
    pairs: list[tuple[int, int]] = []
    first = second = 0
    while first < len(removed) and second < len(added):
        here = best[first][second]
        if here == best[first + 1][second]:
            first += 1
        elif here == best[first][second + 1]:
            second += 1
        else:
            pairs.append((first, second))
            first, second = first + 1, second + 1
    return pairs


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    def size(bag: Counter[str]) -> int:
        return sum(len(word) * count for word, count in bag.items() if not word.isspace())

    longer = max(size(one), size(other))
    share = size(one & other) / longer if longer else 0.0
    return share if share >= _ALIKE else 0.0


def _ordered(pairs: list[tuple[int, int]], removed: int, added: int) -> list[Pair]:
    found: list[Pair] = []
    for (first, second), (next_first, next_second) in pairwise([(-1, -1), *pairs, (removed, added)]):
        found += [(index, None) for index in range(first + 1, next_first)]
        found += [(None, index) for index in range(second + 1, next_second)]
        if next_first < removed or next_second < added:
            found.append((next_first, next_second))
    return found
