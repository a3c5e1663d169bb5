"""Which files of a project a task is about: by its words, and by what leads from those files to others. Pure.

The same graph and task give the same order in every process.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from r1code.repo.clues import Clues
from r1code.repo.graph import Graph, is_test

_AGAIN = 0.3
"""The part of a walk that begins anew at each file: what is far from the seeds counts little."""
_LEAST = 1e-3
"""Of the whole walk: less is not followed. It bounds the work, whatever the size of the graph."""
_SEEDS = 60
_OF_WALK = 0.6
"""What the walk counts beside the words."""
_NAMED, _PLACED, _CHANGED = 0.6, 1.0, 0.15
"""What a symbol, a path, and a change in the work tree count beside the best file by words, which has 1."""
_TESTS, _TEXTS, _OTHER = 0.6, 0.5, 0.5
_ELSEWHERE = 0.3
_TEXT = (".md", ".rst", ".txt", ".adoc")
_MOST_REASONS = 5


class Ranked(Struct, frozen=True, kw_only=True):
    path: str
    score: float
    words: float
    """What of it is due to the task's own words, names and paths; the rest is what leads here."""


class Ranking(Struct, frozen=True, kw_only=True):
    files: tuple[Ranked, ...]
    """All of them, the best first; where nothing speaks for any, what is changed often, then by path."""
    clues: Clues


class Link(Struct, frozen=True, kw_only=True):
    path: str
    part: float
    """Of the walk that arrived here."""


class Reasons(Struct, frozen=True, kw_only=True):
    """Why a file is where it is."""

    place: int
    """In the order; 1 is the first."""
    of: int
    score: float
    words: tuple[tuple[str, float], ...]
    """Stems of the task that it is about, with what they gave."""
    names: tuple[str, ...]
    """What the task names and this file defines."""
    is_named: bool
    """The task names the file."""
    is_changed: bool
    links: tuple[Link, ...]
    """The files from which most came."""
    factor: float
    """By which all that is multiplied: its kind of file, how often it was changed."""


class Ranker:
    """Of one task in one project.

    `changed`: files that differ from the last commit. `part`: a folder that it is about; others count less.
    """

    def __init__(self, graph: Graph, clues: Clues, changed: Collection[str] = (), part: str = "") -> None:
        self._graph = graph
        self._clues = clues
        self._number = {path: at for at, path in enumerate(graph.paths)}
        self._changed = frozenset(self._number[path] for path in changed if path in self._number)
        self._direct = self._seen()
        self._walk = self._walked()
        factors = graph.factor()
        wanted = _wanted(clues)
        self._factor = [
            factors[at] * _kind(path, wanted) * (1.0 if not part or path.startswith(f"{part}/") else _ELSEWHERE)
            for at, path in enumerate(graph.paths)
        ]

    def ranking(self) -> Ranking:
        order = sorted(
            range(len(self._graph.paths)),
            key=lambda at: (-self._score(at), -self._factor[at], self._graph.paths[at]),
        )
        files = (
            Ranked(path=self._graph.paths[at], score=self._score(at), words=self._direct.get(at, 0.0))
            for at in order
        )
        return Ranking(files=tuple(files), clues=self._clues)

    def _score(self, at: int) -> float:
        return self._factor[at] * (self._direct.get(at, 0.0) + _OF_WALK * self._walk.get(at, 0.0))

    def why(self, path: str) -> Reasons:
        """Raises KeyError for a file that is not there."""
        at = self._number[path]
        words = {word: gain for word, found in self._gains() for file, gain in found if file == at}
        best = max(self._by_words().values(), default=1.0)
        names = sorted(name for name in self._clues.names if at in self._graph.defining(name))
        place = [one.path for one in self.ranking().files].index(path) + 1
        return Reasons(
            place=place,
            of=len(self._graph.paths),
            score=self._score(at),
            words=tuple(sorted(((word, gain / best) for word, gain in words.items()), key=_by_gain)),
            names=tuple(names),
            is_named=any(one.path == path for one in self._clues.places),
            is_changed=at in self._changed,
            links=self._links_to(at),
            factor=self._factor[at],
        )

    def _links_to(self, at: int) -> tuple[Link, ...]:
        starts, targets, weights = self._graph.edges()
        came = [
            (self._graph.paths[source], mass * weights[edge])
            for source, mass in self._walk.items()
            for edge in range(starts[source], starts[source + 1])
            if targets[edge] == at and source != at
        ]
        whole = sum(mass for _, mass in came) or 1.0
        came.sort(key=_by_gain)
        return tuple(Link(path=path, part=mass / whole) for path, mass in came[:_MOST_REASONS])

    def _gains(self) -> Iterable[tuple[str, list[tuple[int, float]]]]:
        files = len(self._graph.paths)
        for word in sorted(self._clues.words):
            having = list(self._graph.having(word))
            rare = math.log(1 + (files - len(having) + 0.5) / (len(having) + 0.5))
            yield word, [(at, self._clues.words[word] * rare * weight) for at, weight in having]

    def _by_words(self) -> dict[int, float]:
        found: dict[int, float] = {}
        for _, gains in self._gains():
            for at, gain in gains:
                found[at] = found.get(at, 0.0) + gain
        return found

    def _seen(self) -> dict[int, float]:
        """What the task itself says about each file."""
        found = self._by_words()
        best = max(found.values(), default=1.0)
        found = {at: (gain / best) ** 2 for at, gain in found.items()}
        for name in sorted(self._clues.names):
            files = self._graph.defining(name)
            for at in files:
                found[at] = found.get(at, 0.0) + _NAMED / len(files)
        for place in self._clues.places:
            at = self._number[place.path]
            found[at] = found.get(at, 0.0) + _PLACED
        for at in sorted(self._changed):
            found[at] = found.get(at, 0.0) + _CHANGED
        return found

    def _walked(self) -> dict[int, float]:
        """What arrives at each file on a walk from the seeds, without its own start, beside what arrives anyway.

        The most is what the best seed has, and 1 at most: a walk from weak seeds says little.
        """
        seeds = dict(sorted(self._direct.items(), key=_by_gain)[:_SEEDS])
        whole = sum(seeds.values())
        if not whole:
            return {}
        start = {at: gain / whole for at, gain in seeds.items()}
        arrived = walk(self._graph, start)
        usual = self._graph.reached()
        came = {at: (mass - _AGAIN * start.get(at, 0.0)) / usual[at] for at, mass in arrived.items()}
        most = max(came.values()) / min(1.0, max(seeds.values()))
        return {at: max(0.0, mass / most) for at, mass in came.items()} if most > 0 else {}


def walk(
    graph: Graph, start: Mapping[int, float], *, again: float = _AGAIN, least: float = _LEAST
) -> dict[int, float]:
    """Personalised PageRank from `start`, whose values add up to 1.

    By pushing: only what is reached is looked at, and less than `least` is not carried on from a file.
    """
    starts, targets, weights = graph.edges()
    found: dict[int, float] = {}
    left = [0.0] * len(graph.paths)
    for at, mass in start.items():
        left[at] = mass
    active = sorted(start)
    while active:
        fresh: set[int] = set()
        for at in active:
            mass = left[at]
            if mass < least:
                continue
            left[at] = 0.0
            found[at] = found.get(at, 0.0) + again * mass
            rest = (1 - again) * mass
            for edge in range(starts[at], starts[at + 1]):
                target = targets[edge]
                left[target] += rest * weights[edge]
                if left[target] >= least:
                    fresh.add(target)
        active = sorted(fresh)
    return found


def _by_gain(item: tuple[str, float] | tuple[int, float]) -> tuple[float, str | int]:
    return -item[1], item[0]


def _wanted(clues: Clues) -> frozenset[str]:
    return frozenset(word for word in ("test", "doc", "document", "readm") if word in clues.words)


def _kind(path: str, wanted: frozenset[str]) -> float:
    """Tests and texts are less often what is to be changed, unless they are what the task is about."""
    if is_test(path):
        return 1.0 if "test" in wanted else _TESTS
    if path.endswith(_TEXT):
        return 1.0 if wanted - {"test"} else _TEXTS
    return 1.0
