"""What a task says about where in a repository it is: words, names, and places. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from r1code.repo.words import translated, words_of

_MOST_CHARS = 40_000
_TOKEN = re.compile(r"[\w./\\@~+-]*\w", re.ASCII)
_LINE = re.compile(r'(?:", line |:|\(|, line )(\d{1,7})')
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_CODE = re.compile(r"_|[a-z\d][A-Z]|\d")
_QUOTED = re.compile(r"`([^`\n]{1,120})`")
_CALLED = re.compile(r"([A-Za-z_]\w*)\(")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::|#)[A-Za-z_]\w*)+")
_FIRST_LINES = 30
_FAR = 0.15
"""What the words of later lines weigh: a long log says little with each."""
_MOST_MEANT = 3
"""A name that could be more files than that is none of them."""


class Place(Struct, frozen=True):
    """A file that a task names, and where in it."""

    path: str
    line: int = 0
    """0: it says none."""


class Clues(Struct, frozen=True, kw_only=True):
    words: dict[str, float]
    """Stem -> how much it says, the first lines of a task more than its rest."""
    names: frozenset[str]
    """What is written as a name in code."""
    places: tuple[Place, ...]
    """In the order in which they are named; the last ones of a traceback are nearest to the fault."""


def clues_of(task: str, paths: Iterable[str]) -> Clues:
    """`paths`: all files of the repository."""
    text = task[:_MOST_CHARS]
    return Clues(words=_words(text), names=_names(text), places=_places(text, paths))


def _words(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for row, line in enumerate(text.strip().split("\n")):
        weight = 1.0 if row == 0 else 0.5 if row < _FIRST_LINES else _FAR
        for word in (*words_of(line), *translated(line)):
            found[word] = max(found.get(word, 0.0), weight)
    return found


def _names(text: str) -> frozenset[str]:
    quoted = {name for part in _QUOTED.findall(text) for name in _NAME.findall(part)}
    dotted = {name for part in _DOTTED.findall(text) for name in _NAME.findall(part)}
    coded = {name for name in _NAME.findall(text) if _CODE.search(name.strip("_"))}
    return frozenset(name for name in quoted | dotted | coded | set(_CALLED.findall(text)) if len(name) > 1)


def _places(text: str, paths: Iterable[str]) -> tuple[Place, ...]:
    known: dict[str, list[str]] = {}
    whole: set[str] = set()
    for path in paths:
        whole.add(path)
        known.setdefault(path.rpartition("/")[2], []).append(path)
    found: dict[str, int] = {}
    for token in _TOKEN.finditer(text):
        named = token.group().replace("\\", "/")
        for path in _meant(named, whole, known):
            line = _LINE.match(text, token.end())
            at = int(line.group(1)) if line else found.get(path, 0)
            found.pop(path, None)
            found[path] = at
    return tuple(Place(path, line) for path, line in found.items())


def _meant(named: str, whole: set[str], known: dict[str, list[str]]) -> list[str]:
    """The files that `named` can be: a path from the root, the end of one, one with more folders before it."""
    name = named.rpartition("/")[2]
    same = known.get(name, [])
    if not same or ("." not in name and "/" not in named):
        return []
    if named in whole:
        return [named]
    tail = f"/{named.lstrip('./~')}"
    ends = [path for path in same if f"/{path}".endswith(tail) or tail.endswith(f"/{path}")]
    return ends if len(ends) <= _MOST_MEANT else []
