"""The lines of a text, and where each of them stands: an index that is kept up to date from edit to edit."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence

BLANKS = " \t\f\v"
ENDS = "\r\n"
_STEP = 1 << 64


def _table() -> dict[int, str]:
    """Characters that a model writes for one another, and the one that stands for all of them."""
    alike = {
        "'": "\u2018\u2019\u201a\u201b\u2032\uff07",
        '"': "\u201c\u201d\u201e\u201f\u2033\uff02",
        "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d",
        " ": "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
        ".": "\u3002\uff0e",
        "...": "\u2026",
        "": "\u00ad\u200b\u2060\ufeff",
    }
    table = {ord(one): plain for plain, many in alike.items() for one in many}
    for wide in range(0xFF01, 0xFF5F):
        plain = chr(wide - 0xFEE0)
        if not plain.isalnum():
            table.setdefault(wide, plain)
    return table


_ALIKE = _table()
WHITE = BLANKS + ENDS + "".join(chr(code) for code, plain in _ALIKE.items() if not plain.strip())
"""White space, and what takes no space."""


def fold(text: str) -> str:
    """`text` with look-alikes made equal: quotes, dashes, spaces, full-width punctuation, composed letters."""
    return text if text.isascii() else unicodedata.normalize("NFC", text.translate(_ALIKE))


def key(line: str) -> str:
    """What two lines have in common that differ only in look-alikes and in white space at either end."""
    return fold(line).strip(BLANKS + ENDS)


def end(line: str) -> str:
    return line[len(line.rstrip(ENDS)) :]


def split(text: str) -> list[str]:
    """Lines with their ends. A lone carriage return ends lines only of a text that has no line feed."""
    mark = "\r" if "\r" in text and "\n" not in text else "\n"
    *lines, last = text.split(mark)
    return [line + mark for line in lines] + ([last] if last else [])


def ended(lines: Sequence[str]) -> list[str]:
    """`lines` with an end on the last one, too: that of the line before it."""
    if not lines or end(lines[-1]):
        return list(lines)
    return [*lines[:-1], lines[-1] + (end(lines[-2]) if len(lines) > 1 else "\n")]


class Lines:
    """The lines of one text. Each has an end; `text` gives a text without a final newline back without one."""

    def __init__(self, text: str) -> None:
        lines = split(text)
        self._open = bool(lines) and not end(lines[-1])
        self.lines = ended(lines)
        self.keys = [key(line) for line in self.lines]
        self._index()

    def _index(self) -> None:
        # A line's label grows along the text. Labels have room between them, so that those of other lines
        # stay as they are when some are replaced.
        self._labels = list(range(0, len(self.keys) * _STEP, _STEP))
        self._where: defaultdict[str, list[int]] = defaultdict(list)
        for label, name in zip(self._labels, self.keys, strict=True):
            self._where[name].append(label)

    def text(self) -> str:
        text = "".join(self.lines)
        return text[: -len(end(self.lines[-1]))] if self._open and self.lines else text

    def count(self, name: str) -> int:
        """How many lines have this key."""
        return len(self._where.get(name, ()))

    def names(self) -> Iterable[str]:
        """Every key that a line has."""
        return (name for name, labels in self._where.items() if labels)

    def where(self, name: str) -> Iterable[int]:
        """The places of the lines with this key, in order, from 0."""
        return (bisect_left(self._labels, label) for label in self._where.get(name, ()))

    def runs(self, names: Sequence[str]) -> list[int]:
        """Where lines with these keys stand one after another. Looks only at places of the rarest of them."""
        if not names:
            return []
        counts = [self.count(name) for name in names]
        rarest = counts.index(min(counts))
        starts = (place - rarest for place in self.where(names[rarest]))
        size = len(names)
        return [start for start in starts if start >= 0 and self.keys[start : start + size] == names]

    def replace(self, start: int, stop: int, lines: Sequence[str]) -> None:
        for name, label in zip(self.keys[start:stop], self._labels[start:stop], strict=True):
            labels = self._where[name]
            del labels[bisect_left(labels, label)]
        low = self._labels[start - 1] if start else -_STEP
        high = self._labels[stop] if stop < len(self._labels) else low + _STEP * (len(lines) + 1)
        step = (high - low) // (len(lines) + 1)
        names = [key(line) for line in lines]
        self.lines[start:stop] = lines
        self.keys[start:stop] = names
        if not step:
            self._index()
            return
        labels = [low + step * (count + 1) for count in range(len(lines))]
        self._labels[start:stop] = labels
        for name, label in zip(names, labels, strict=True):
            insort(self._where[name], label)
