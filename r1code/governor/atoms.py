"""Text in small parts that are found again when the text repeats itself, however it came in chunks."""

from __future__ import annotations

import re

from msgspec import Struct

LONGEST = 16
"""Characters of an atom, without the space before it."""
_SEEN = LONGEST + 2
"""So many characters decide about an atom: the space before it, itself, and what follows it."""

_LETTER = r"[A-Za-z\u00c0-\u058f]"
_ATOM = re.compile(
    # A word. A longer run of letters is cut after its vowels: where it is cut may not depend on where it began.
    rf" ?(?:(?P<word>{_LETTER}{{1,{LONGEST}}}(?!{_LETTER}))"
    rf"|(?P<piece>{_LETTER}{{0,{LONGEST - 1}}}?[aeiouAEIOU]|{_LETTER}{{{LONGEST}}})"
    rf"|(?P<number>[0-9]{{1,{LONGEST}}})"
    rf"|(?P<mark>([!-/:-@\[-`{{-~])\5{{0,{LONGEST - 1}}}))"
    rf"|(?P<blank>(\s)\7{{0,{LONGEST - 1}}})"
    # Writing without spaces, and all else, by character.
    r"|(?P<ideograph>[\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\u3000-\u303f])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_LONG_WORD, _LONG_MARK = 9, 8
_PIECE, _MARK, _IDEOGRAPH, _OTHER, _BEYOND = 0.55, 0.14, 0.75, 0.8, 2.0
"""Tokens of a character: measured, see docs/decisions/0021. `_BEYOND`: the basic plane, like emoji."""


class Atom(Struct, frozen=True, gc=False):
    text: str
    end: int
    """Characters of the whole text up to its end."""
    weight: float
    """About how many tokens it is."""
    value: int | None
    """Of a number."""


class Atoms:
    """Cuts a text that comes in chunks. Linear; keeps a few characters."""

    def __init__(self) -> None:
        self._rest = ""
        self._at = 0

    def feed(self, text: str) -> list[Atom]:
        """The atoms that no further text can change."""
        self._rest += text
        return self._take(len(self._rest) - _SEEN)

    def finish(self) -> list[Atom]:
        return self._take(len(self._rest))

    def _take(self, last: int) -> list[Atom]:
        """Those that begin up to `last`."""
        atoms: list[Atom] = []
        start = 0
        while start <= last and (match := _ATOM.match(self._rest, start)) is not None:
            start = match.end()
            text, kind = match.group(), match.lastgroup or ""
            value = int(match.group("number")) if kind == "number" else None
            atoms.append(Atom(text, self._at + start, _weight(kind, text), value))
        self._rest = self._rest[start:]
        self._at += start
        return atoms


def _weight(kind: str, text: str) -> float:
    length = len(text)
    match kind:
        case "word":
            return 1.0 if length < _LONG_WORD else 1.6
        case "piece":
            return _PIECE * length
        case "number":
            weight = float(-(-len(text.lstrip()) // 3) + text.startswith(" "))
        case "mark":
            weight = 1.0 if length < _LONG_MARK else _MARK * length
        case "blank":
            weight = 1.0
        case "ideograph":
            weight = _IDEOGRAPH
        case _:
            weight = _BEYOND if text > "\uffff" else _OTHER
    return weight
