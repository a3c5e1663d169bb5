"""The graph of a project, made of what was known of it and of what changed. Pure.

Where a file leads depends on what it imports and uses, and on who defines that. So it is found out anew for files
that changed, and for those that use a name of which the definers changed. Where the paths changed, files have
other numbers, and all is put together anew. The graph is always the one that comes of all files anew.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from r1code.repo.graph import (
    Facts,
    Graph,
    Links,
    Row,
    Said,
    doubles,
    factors_of,
    facts_of,
    links_of,
    row_of,
    said_of,
)
from r1code.repo.index.outline import Outline
from r1code.repo.index.targets import Targets
from r1code.repo.kinds import Kind
from r1code.repo.past import Past
from r1code.repo.postings import Postings

_TOGETHER = 200
"""Outlines that are in memory at once."""


class File(Struct, frozen=True, array_like=True, gc=False):
    key: str
    """Of what its facts are made from."""
    facts: bytes
    """Packed: unpacked, those of all files take ten times as much."""
    row: Row
    tells_little: bool


class Known(Struct, frozen=True, array_like=True):
    """What a graph was made of."""

    ground: str
    files: tuple[File, ...]
    """In its order."""
    used: dict[str, int]
    """Name -> in how many files it is used."""


class Source(Struct, frozen=True, kw_only=True):
    """A project as it is now."""

    keys: Mapping[str, str]
    """Of all files, in sorted order; with equal keys a file has the same outline."""
    ground: str
    """Equal ones mean equal paths, and that an import means the same files."""
    outlines: Callable[[Sequence[str]], Mapping[str, Outline]]
    targets: Callable[[], Targets]
    past: Past
    marks: Mapping[str, Kind]
    """What the project says a file is (kinds.marked)."""


class _Names(Struct, frozen=True, array_like=True, gc=False):
    """The first of the Facts; the rest is not looked at."""

    defines: tuple[str, ...]
    calls: dict[str, int]
    uses: dict[str, int]


_ENCODER = msgspec.msgpack.Encoder()
_FACTS = msgspec.msgpack.Decoder(Facts)
_NAMES = msgspec.msgpack.Decoder(_Names)
_NO_FACTS = _ENCODER.encode(
    Facts(defines=(), calls={}, uses={}, imports=(), language="", words={}, tells_little=False)
)


def renewed(source: Source, before: tuple[Known, Graph] | None = None) -> tuple[Known, Graph]:
    """The graph of `source`, and what is to be known of it the next time.

    Raises msgspec.MsgspecError, LookupError or ValueError where what was kept is damaged.
    """
    return _Renewal(source, before).made()


class _Renewal:
    def __init__(self, source: Source, before: tuple[Known, Graph] | None) -> None:
        self._source = source
        self._paths = tuple(source.keys)
        files = {} if before is None else dict(zip(before[1].paths, before[0].files, strict=True))
        kept = {path: file for path, file in files.items() if source.keys.get(path) == file.key}
        facts = {path: file.facts for path, file in kept.items()}
        facts |= self._read([path for path in self._paths if path not in kept])
        self._facts = [facts[path] for path in self._paths]
        self._before = before if before is not None and before[0].ground == source.ground else None
        self._fresh = [at for at, path in enumerate(self._paths) if self._before is None or path not in kept]
        known, graph = self._before or (None, None)
        self._words = Postings({} if graph is None else graph.words)
        self._names = Postings({} if graph is None else graph.names)
        self._lengths = array("d", bytes(8 * len(self._paths))) if graph is None else doubles(graph.lengths)
        self._used = {} if known is None else dict(known.used)
        self._moved: set[str] = set()
        """The names of which the definers changed."""

    def _read(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        for start in range(0, len(paths), _TOGETHER):
            some = paths[start : start + _TOGETHER]
            found = self._source.outlines(some)
            yield from ((path, _ENCODER.encode(facts_of(path, found.get(path)))) for path in some)

    def made(self) -> tuple[Known, Graph]:
        source, past = self._source, self._source.past
        tell_little = [] if self._before is None else [file.tells_little for file in self._before[0].files]
        tell_little += [False] * (len(self._paths) - len(tell_little))
        for at in self._fresh:
            facts = _FACTS.decode(self._facts[at])
            old = _NO_FACTS if self._before is None else self._before[0].files[at].facts
            self._put(at, _FACTS.decode(old), facts)
            tell_little[at] = facts.tells_little
        # What is packed takes a tenth of the memory.
        words = self._words.packed()
        rows = self._rows()
        names = self._names.packed()
        said, links = self._of_past(rows)
        graph = Graph(
            paths=self._paths,
            links=links,
            words=words,
            lengths=self._lengths.tobytes(),
            said=said,
            names=names,
            fame={name: count for name, count in self._used.items() if count > 1 and name in names},
            factors=factors_of(self._paths, tell_little, past, source.marks),
        )
        files = zip(source.keys.values(), self._facts, rows, tell_little, strict=True)
        return Known(source.ground, tuple(File(*file) for file in files), self._used), graph

    def _put(self, at: int, old: Facts, facts: Facts) -> None:
        for word in old.words.keys() - facts.words.keys():
            self._words.drop(word, at)
        for word, often in facts.words.items():
            self._words.put(word, at, often)
        self._lengths[at] = sum(facts.words.values())
        was, defines = frozenset(old.defines), frozenset(facts.defines)
        for name in was - defines:
            self._names.drop(name, at)
        for name in facts.defines:
            if name not in was:
                self._names.put(name, at, 1.0)
        self._moved |= was ^ defines
        for name in old.calls | old.uses:
            self._used[name] -= 1
            if not self._used[name]:
                del self._used[name]
        for name in facts.calls | facts.uses:
            self._used[name] = self._used.get(name, 0) + 1

    def _rows(self) -> list[Row]:
        rows = [Row()] * len(self._paths) if self._before is None else [one.row for one in self._before[0].files]
        again = {*self._fresh, *self._using()}
        if not again:
            return rows
        targets = self._source.targets()
        number = {path: at for at, path in enumerate(self._paths)}
        for at in again:
            facts = _FACTS.decode(self._facts[at])
            meant = targets.imported(self._paths[at], facts.language, facts.imports)
            rows[at] = row_of(at, facts, self._names, [number[path] for path in meant])
        return rows

    def _using(self) -> Iterator[int]:
        """The files that use a name of which the definers changed."""
        if self._moved and len(self._fresh) < len(self._paths):
            for at, packed in enumerate(self._facts):
                one = _NAMES.decode(packed)
                if not (self._moved.isdisjoint(one.calls) and self._moved.isdisjoint(one.uses)):
                    yield at

    def _of_past(self, rows: Sequence[Row]) -> tuple[Said, Links]:
        """What changes with the past, and the links, which change with the rows as well."""
        past = self._source.past
        if self._before is None or self._before[1].said.head != past.head:
            return said_of(past, self._paths), links_of(self._paths, rows, past)
        known, graph = self._before
        is_same = all(row == file.row for row, file in zip(rows, known.files, strict=True))
        return graph.said, graph.links if is_same else links_of(self._paths, rows, past)
