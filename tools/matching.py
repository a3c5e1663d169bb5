"""Search/replace blocks on a text. Pure: text in, text out, or a ToolError that says what to do.

A block is tried level by level, strictest first: exact lines; white space at line ends; one shift of the
indentation; look-alike characters; lines left out as `...` between two anchors. A level applies only where it
has exactly one place, and none is tried when a stricter one has two. What is merely near is shown, never used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

from msgspec import Struct

from r1code.errors import ToolError
from r1code.tools.match_levels import ASIDE, SHIFTED, WORDS, Fit, Level, fit, rewritten
from r1code.tools.match_lines import Lines, ended, key, split
from r1code.tools.match_near import difference, excerpt, nearest
from r1code.tools.match_residue import Reading, is_elision, parts, readings

_MOST_FAILURES = 3
_MOST_PLACES = 8
_MOST_RIVALS = 100
_LETTERS = re.compile(r"\w{3}")
_ELISION = (
    "A line `...` in SEARCH stands for lines left out only if REPLACE has the same `...` lines, and if the lines "
    "before and after each stand once in the file."
)


class Block(Struct, frozen=True):
    search: str
    replace: str


class Replaced(Struct, frozen=True):
    text: str
    notes: tuple[str, ...] = ()
    """How blocks differed from the file that were applied all the same, in words for the model."""


class _Place(Struct, frozen=True):
    start: int
    fit: Fit


class _Splice(Struct, frozen=True):
    start: int
    stop: int
    new: list[str]


_Found = tuple[list[_Splice], str]
"""What to replace, and how the lines differed."""


def replace_all(text: str, blocks: Sequence[Block], *, path: str) -> Replaced:
    """`text` after all blocks, each applied to what those before it left, at the one place where it fits.

    Raises ToolError when lines are missing, stand at several places, or when a block would change nothing. It
    tells of several blocks that failed, so that they can be corrected at once.
    """
    lines = Lines(text)
    notes: list[str] = []
    failed: dict[int, str] = {}
    number = 0
    for number, block in enumerate(blocks, start=1):
        try:
            note = _Attempt(lines, path, number).apply(block)
        except ToolError as error:
            failed[number] = str(error)
            if len(failed) == _MOST_FAILURES:
                break
        else:
            notes += [f"Block {number} was not exact: {note}."] if note else []
    if failed:
        raise ToolError("\n\n".join([*failed.values(), *_outlook(failed, number, len(blocks))]))
    return Replaced(lines.text(), tuple(notes))


def _outlook(failed: dict[int, str], last: int, total: int) -> list[str]:
    """What is known of the other blocks of an edit in which some failed."""
    if total == 1:
        return []
    right = [str(number) for number in range(1, last + 1) if number not in failed]
    told = f"Of the {total} blocks {', '.join(right) or 'none'} fitted"
    told += f"; those after block {last} were not tried." if last < total else "."
    return [f"{told} Nothing was written: correct what failed, and send the whole <edit> again."]


class _Attempt:
    """One block on its way into the lines."""

    def __init__(self, lines: Lines, path: str, number: int) -> None:
        self._lines = lines
        self._path = path
        self._number = number

    def apply(self, block: Block) -> str:
        """Replaces the lines; returns how they differed, or nothing. Raises ToolError."""
        if not block.search:
            raise self._error("SEARCH is empty. To create or replace a whole file use <write>.")
        if block.search == block.replace:
            raise self._error(f"SEARCH and REPLACE are identical, so {self._path} would not change.")
        search, new = ended(split(block.search)), ended(split(block.replace))
        splices, note = self._text(search, new) or self._loosely(search, new)
        if all(self._lines.lines[one.start : one.stop] == one.new for one in splices):
            raise self._error(f"{self._path} already has the lines of REPLACE there, so it would not change.")
        for one in reversed(splices):
            self._lines.replace(one.start, one.stop, one.new)
        return note

    def _text(self, search: list[str], new: list[str]) -> _Found | None:
        """The lines taken as they are."""
        places = self._places(search)
        if len(places) > 1:
            raise self._ambiguous(places, "the SEARCH lines")
        if not places:
            return None
        return [self._splice(places[0], search, new)], WORDS.get(places[0].fit.level, "")

    def _doubt(self, place: _Place, search: list[str], new: list[str]) -> None:
        """Raises ToolError where something speaks against a place that is not exact."""
        if place.fit.level is Level.EXACT:
            return
        for done in self._done(search, new):
            beside = done.start < place.start + len(search) and place.start < done.start + len(new)
            if beside or (done.fit.level is Level.EXACT and place.fit.level is not Level.TRAILING):
                raise self._error(f"{self._there(done, new)} If it was not, copy the lines exactly as they are.")
        rival = None if place.fit.level is Level.TRAILING else self._rival(place.start, search)
        if rival is not None:
            raise self._error(
                f"the SEARCH lines do not stand in {self._path} as they are. They could be meant for two places, "
                f"at lines {rival + 1}, {place.start + 1}: the first has some of them exactly, the second all if "
                f"{ASIDE[place.fit.level]} aside. Copy the lines exactly as they are."
            )

    def _rival(self, start: int, search: list[str]) -> int | None:
        """Where else more of the text of `search` stands exactly, and at least half of it."""
        weights = Counter[int]()
        for row, line in enumerate(search):
            name = key(line)
            if _LETTERS.search(name) and self._lines.count(name) <= _MOST_RIVALS:
                for at in self._lines.where(name):
                    weights[at - row] += len(name) if self._lines.lines[at] == line else 0
        ours, total = weights.pop(start, 0), sum(len(key(line)) for line in search)
        (best, weight), *_ = weights.most_common(1) or [(0, 0)]
        return max(0, best) if weight > ours and 2 * weight >= total else None

    def _loosely(self, search: list[str], new: list[str]) -> _Found:
        """The lines without what is not theirs, or with what they leave out."""
        others = readings(search, new, self._lines)
        found = [(self._places(one.search), one) for one in others]
        found = [(places, one) for places, one in found if places]
        if found:
            places, one = min(found, key=lambda pair: pair[0][0].fit.level)
            if one.stays and places[0].fit.level in SHIFTED:
                self._missing(search, new)
            splices, note = self._text(one.search, one.new) or self._missing(search, new)
        else:
            one = others[0] if others else Reading(search, new)
            if one.stays or not any(map(is_elision, one.search)):
                self._missing(search, new)
            splices, note = self._elided(one.search, one.new)
        return splices, "; ".join(filter(None, [one.told, note]))

    def _elided(self, search: list[str], new: list[str]) -> _Found:
        olds, news = parts(search), parts(new)
        # At either end `...` stands for the rest of the file: it says nothing.
        for edge in (0, -1):
            while len(olds) > 1 and len(news) > 1 and not olds[edge] and not news[edge]:
                del olds[edge], news[edge]
        if len(olds) != len(news) or not all(olds):
            self._missing(search, new, _ELISION)
        found = [self._places(old) for old in olds]
        for old, places in zip(olds, found, strict=True):
            if not places:
                self._missing(old, [], _ELISION)
        for places in found:
            if len(places) > 1:
                raise self._ambiguous(places, "the lines beside `...`")
        fitted = self._joined(olds, [places[0].start for places in found])
        if fitted is None:
            self._missing(search, new, _ELISION)
        splices = [
            self._splice(_Place(places[0].start, fitted), old, part)
            for places, old, part in zip(found, olds, news, strict=True)
        ]
        return splices, "; ".join(filter(None, [WORDS.get(fitted.level), "the lines for `...` were kept"]))

    def _joined(self, olds: list[list[str]], starts: list[int]) -> Fit | None:
        """How the parts fit as one, if they stand in order with lines between them that leave no doubt."""
        spans = [(start, start + len(old)) for start, old in zip(starts, olds, strict=True)]
        for (_, stop), (start, _) in pairwise(spans):
            if stop >= start or any(map(is_elision, self._lines.lines[stop:start])):
                return None
        theirs = [line for start, stop in spans for line in self._lines.lines[start:stop]]
        return fit([line for old in olds for line in old], theirs)

    def _places(self, search: Sequence[str]) -> list[_Place]:
        """Where `search` stands, at the strictest level at which it stands anywhere."""
        found: list[_Place] = []
        for start in self._lines.runs([key(line) for line in search]):
            fitted = fit(search, self._lines.lines[start : start + len(search)])
            if fitted is not None:
                found.append(_Place(start, fitted))
        best = min((place.fit.level for place in found), default=Level.EXACT)
        return [place for place in found if place.fit.level is best]

    def _splice(self, place: _Place, search: list[str], new: list[str]) -> _Splice:
        self._doubt(place, search, new)
        start, stop = place.start, place.start + len(search)
        lines = rewritten(new, search, self._lines.lines[start:stop], place.fit.move)
        if lines is None:
            raise self._error(
                f"the SEARCH lines stand at line {start + 1} of {self._path} with less indentation, but REPLACE "
                "has a line that cannot be moved as far to the left. Send the block with the file's indentation."
            )
        return _Splice(start, stop, lines)

    def _done(self, search: Sequence[str], new: Sequence[str]) -> list[_Place]:
        """Where `new` stands already, which says something only if more than blank lines is new in it."""
        ours, names = ([key(line) for line in lines if line.strip()] for lines in (search, new))
        if not names or any(ours[row : row + len(names)] == names for row in range(len(ours))):
            return []
        return self._places(new)

    def _there(self, done: _Place, new: Sequence[str]) -> str:
        return (
            f"the REPLACE lines already stand in {self._path}, at lines {done.start + 1} to "
            f"{done.start + len(new)}. If this edit was made before, it need not be sent again."
        )

    def _error(self, text: str) -> ToolError:
        return ToolError(f"Block {self._number}: {text}")

    def _ambiguous(self, places: Sequence[_Place], what: str) -> ToolError:
        lines = ", ".join(str(place.start + 1) for place in places[:_MOST_PLACES])
        more = ", ..." if len(places) > _MOST_PLACES else ""
        level = places[0].fit.level
        aside = "" if level is Level.EXACT else f" if {ASIDE[level]} aside"
        return self._error(
            f"{what} stand {len(places)} times in {self._path}{aside}, at lines {lines}{more}. Add lines before "
            "or after, so that they are found once."
        )

    def _missing(self, search: Sequence[str], new: Sequence[str], hint: str = "") -> NoReturn:
        told = [f"the SEARCH lines do not stand in {self._path}, so nothing was changed."]
        done = self._done(search, new)
        if len(done) == 1:
            told.append(f"But {self._there(done[0], new)}")
        near = nearest(self._lines, search)
        if near is None:
            told.append("No lines there are like them. Read the file and copy the lines exactly.")
        else:
            start, stop = near
            found = self._lines.lines[start:stop]
            told.append(
                f"The nearest are lines {start + 1} to {stop}:\n{excerpt(found, search)}\n"
                f"{difference(found, search, start + 1)} Copy the lines exactly as they are, with their "
                "indentation."
            )
        raise self._error(" ".join([*told, hint] if hint else told))
