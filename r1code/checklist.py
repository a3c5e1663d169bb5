"""A checklist as a model writes it into a note, and what it says of a list that is known. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from msgspec.structs import replace

from r1code.types import Point

MOST = 40
"""Points of a list that a model makes."""
_LINE = re.compile(r"[ \t]*(?:[-*+]|\d+[.)])?[ \t]*\[(?P<mark>[ xX])\][ \t]+(?P<text>.*\S)\s*")
_NUMBERED = re.compile(r"(?:step )?#?(?P<number>\d{1,3})(?:[.):](?:[ \t].*)?)?", re.IGNORECASE)
_ALIKE = 0.8


def read(text: str) -> tuple[Point, ...]:
    """The points in a text; what else stands in it is none."""
    found = (_LINE.fullmatch(line) for line in text.split("\n"))
    return tuple(Point(text=one["text"], done=one["mark"] != " ") for one in found if one is not None)


def place(points: Sequence[Point], text: str) -> int | None:
    """Which point `text` names: by its words, or by its number from 1 on. None: none, or it is not certain."""
    plain = [_plain(point.text) for point in points]
    if (named := _plain(text)) in plain:
        return plain.index(named)
    if (numbered := _NUMBERED.fullmatch(text.strip())) is not None:
        number = int(numbered["number"])
        return number - 1 if 1 <= number <= len(points) else None
    alike = [SequenceMatcher(None, named, one, autojunk=False).ratio() for one in plain]
    near = [at for at, ratio in enumerate(alike) if ratio >= _ALIKE]
    return near[0] if len(near) == 1 else None


def marked(points: Sequence[Point], said: Sequence[Point]) -> tuple[Point, ...]:
    """The list with what is said of its points; a done one stays done. What names none of them is left out."""
    done = {place(points, one.text) for one in said if one.done}
    return tuple(replace(point, done=point.done or at in done) for at, point in enumerate(points))


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[`*_]", "", text).casefold().split()).rstrip(".")
