"""A project as a graph of files: which one refers to which, and which words each has. Pure.

It depends on nothing but the outlines, the paths and the past. Here is what one file gives to it, where that
leads, and what comes of all of them together; `renewal` makes a graph of it.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from r1code.repo.index.outline import Definition, Outline
from r1code.repo.kinds import Kind, kind_of
from r1code.repo.past import Past
from r1code.repo.postings import Postings, unpacked
from r1code.repo.words import words_of

FORMAT = 4
"""Of a packed graph, and of how it is made."""
_OF_PATH, _OF_NAME, _OF_MEMBER, _OF_DOC, _OF_REFERENCE, _OF_PAST = 4.0, 2.0, 1.0, 0.7, 0.3, 1.5
_SATURATION, _LENGTH_PART = 1.2, 0.25
_STEPS, _MOST_STEPS = 50, 255
"""Weights of words are whole numbers of such parts of one."""
_MOST_DEFINERS = 8
"""A name that is defined in more files says nothing about which of them is meant."""
_MOST_LINKS = 60
_MOST_LINES = 4
"""A name on more lines than that says no more."""
_BACKWARDS = 0.4
"""What a reference says about who refers, as part of what it says about what is referred to."""
_PAIRED = 3.0
_TOGETHER = 1.5
_IMPORTED = 1.0
_REACHED_BY_CHANCE = 0.5
_OLD_COMMITS = 300
"""How many commits ago one counts half."""
_KINDS = {"class": 1.0, "struct": 1.0, "interface": 1.0, "trait": 1.0, "enum": 1.0, "type": 0.8, "function": 1.0}
_PLAIN_KIND = 0.5
NO_CODE = frozenset({"heading", "key", "cell", "element", "stage", "target"})
_TEST = re.compile(
    r"(^|/)(tests?|specs?|__tests__|testing)/|(^|/)(test_[^/]*|[^/]*[_.-](test|spec|tests)\.[^/]*|conftest\.py)$"
)
_ASIDE = re.compile(r"(^|/)(dist|extern)/|\.(svg|po|pot)$")
"""Beside what `kind_of` knows: what is built, taken from elsewhere, drawn or translated."""
_LOW = 0.1
_NOTHING = Outline(language="")


class Links(Struct, frozen=True, array_like=True):
    starts: bytes
    """Where in the next two each file's links begin; one more number at the end. 32 bits, as all numbers here."""
    targets: bytes
    weights: bytes
    """As floats; those of one file add up to one."""
    reached: bytes
    """How much leads to each file from all others: what everything leads to says little. Floats above zero."""


class Said(Struct, frozen=True, array_like=True):
    """What the subjects of commits say about the files that they changed."""

    head: str = ""
    words: dict[str, bytes] = {}
    lengths: bytes = b""
    """As in the graph."""


class Graph(Struct, frozen=True, array_like=True):
    paths: tuple[str, ...]
    """Sorted; a file is its number in here."""
    links: Links
    words: dict[str, bytes]
    """Stem -> the files that are about it, with how much (postings)."""
    lengths: bytes
    """How much that is in each file, all words together. Doubles."""
    said: Said
    names: dict[str, bytes]
    """Name -> the files that define it (postings)."""
    fame: dict[str, int]
    """Name -> in how many files it is used, where that is more than one."""
    factors: bytes
    """What each file counts before any task: little if it is generated, more if it is changed often. Floats."""

    def edges(self) -> tuple[array[int], array[int], array[float]]:
        return _numbers(self.links.starts), _numbers(self.links.targets), _floats(self.links.weights)

    def having(self, word: str) -> Iterator[tuple[int, float]]:
        """The files that are about a word, ascending, and how much."""
        found: dict[int, float] = {}
        for table in (self.words, self.said.words):
            for at, often in zip(*unpacked(table.get(word, b"")), strict=True):
                found[at] = found.get(at, 0.0) + often
        if not found:
            return
        own, told = doubles(self.lengths), doubles(self.said.lengths)
        usual = (sum(own) + sum(told)) / len(own)
        for at, often in sorted(found.items()):
            part = (own[at] + told[at]) / usual
            room = _SATURATION * (1 - _LENGTH_PART + _LENGTH_PART * part)
            weight = min(_MOST_STEPS, round(_STEPS * (_SATURATION + 1) * often / (often + room)))
            if weight:
                yield at, weight / _STEPS

    def defining(self, name: str) -> array[int]:
        return unpacked(self.names.get(name, b""))[0]

    def reached(self) -> array[float]:
        return _floats(self.links.reached)

    def factor(self) -> array[float]:
        return _floats(self.factors)


def _numbers(data: bytes) -> array[int]:
    found = array("I")
    found.frombytes(data)
    return found


def _floats(data: bytes) -> array[float]:
    found = array("f")
    found.frombytes(data)
    return found


def doubles(data: bytes) -> array[float]:
    found = array("d")
    found.frombytes(data)
    return found


def is_test(path: str) -> bool:
    return _TEST.search(path) is not None


class Facts(Struct, frozen=True, array_like=True, gc=False):
    """What one file gives to a graph, whatever the other files are."""

    defines: tuple[str, ...]
    calls: dict[str, int]
    """Name -> on how many lines it is called, up to _MOST_LINES."""
    uses: dict[str, int]
    """The same for where it stands otherwise."""
    imports: tuple[str, ...]
    """As `language` writes them."""
    language: str
    words: dict[str, float]
    """Stem -> how much the file is about it."""
    tells_little: bool
    """No person wrote it, as far as its path and its outline tell."""


class Row(Struct, frozen=True, array_like=True, gc=False):
    """What one file refers to, as numbers of files; the most meant ones first."""

    targets: bytes = b""
    weights: bytes = b""
    """As floats."""


def facts_of(path: str, outline: Outline | None) -> Facts:
    """`outline`: None for a file that is known by its path alone."""
    outline = outline or _NOTHING
    return Facts(
        defines=tuple(dict.fromkeys(one.name for one in outline.definitions if one.kind not in NO_CODE)),
        calls={name: min(len(lines), _MOST_LINES) for name, lines in outline.calls.items()},
        uses={name: min(len(lines), _MOST_LINES) for name, lines in outline.uses.items()},
        imports=tuple(one.name for one in outline.imports),
        language=outline.language,
        words=_weighed(path, outline),
        tells_little=_tells_little(path, outline),
    )


def row_of(at: int, facts: Facts, names: Postings, imports: Iterable[int]) -> Row:
    """`names`: who defines them, in all files. `imports`: the files that the file `at` imports."""
    row = _referred(at, (facts.calls, facts.uses), names, frozenset(imports))
    first = sorted(row.items(), key=_by_weight)[:_MOST_LINKS]
    return Row(
        array("I", [target for target, _ in first]).tobytes(),
        array("f", [weight for _, weight in first]).tobytes(),
    )


def factors_of(paths: Sequence[str], tell_little: Iterable[bool], past: Past, marks: Mapping[str, Kind]) -> bytes:
    """`marks`: what the project says a file is (kinds.marked); that is right."""
    changes = _changes(past, frozenset(paths))
    low = (
        marks[path] != "written" if path in marks else little
        for path, little in zip(paths, tell_little, strict=True)
    )
    return array(
        "f",
        [
            (_LOW if is_low else 1.0) * (1.0 + 0.15 * math.log1p(changes.get(path, 0.0)))
            for path, is_low in zip(paths, low, strict=True)
        ],
    ).tobytes()


def _changes(past: Past, paths: Collection[str]) -> dict[str, float]:
    """How often each file was changed, what is long ago less."""
    found: dict[str, float] = {}
    for age, commit in enumerate(past.commits):
        for path in commit.paths:
            if path in paths:
                found[path] = found.get(path, 0.0) + _recency(age)
    return found


def _recency(age: int) -> float:
    return _OLD_COMMITS / (_OLD_COMMITS + age)


def _tells_little(path: str, outline: Outline) -> bool:
    """Whether no person wrote it here."""
    made = outline.note in {"generated", "minified"}
    return made or kind_of(path, b"") != "written" or _ASIDE.search(path) is not None


@lru_cache(maxsize=1 << 15)
def _stems(name: str) -> tuple[str, ...]:
    return tuple(words_of(name))


def said_of(past: Past, paths: Sequence[str]) -> Said:
    number = {path: at for at, path in enumerate(paths)}
    tables: dict[int, dict[str, float]] = {}
    for age, commit in enumerate(past.commits):
        part = _OF_PAST * _recency(age) / len(commit.paths) ** 0.5
        stems = dict.fromkeys(words_of(commit.subject))
        for at in (number[path] for path in commit.paths if path in number):
            table = tables.setdefault(at, {})
            for word in stems:
                table[word] = table.get(word, 0.0) + part
    words, lengths = Postings({}), array("d", bytes(8 * len(paths)))
    for at, table in sorted(tables.items()):
        lengths[at] = sum(table.values())
        for word, often in table.items():
            words.put(word, at, often)
    return Said(past.head, words.packed(), lengths.tobytes())


def _weighed(path: str, outline: Outline) -> dict[str, float]:
    """How much a file is about each word."""
    table: dict[str, float] = {}

    def add(words: Iterable[str], weight: float) -> None:
        for word in words:
            table[word] = table.get(word, 0.0) + weight

    folder, _, name = path.rpartition("/")
    add(_stems(name), _OF_PATH)
    add(dict.fromkeys(_stems(folder)), _OF_PATH / 2)
    for one in outline.definitions:
        add(_stems(one.name), _OF_NAME if one.parent < 0 else _OF_MEMBER)
        if one.doc:
            add(words_of(one.doc), _OF_DOC)
    for used in (outline.calls, outline.uses):
        for name in used:
            add(_stems(name), _OF_REFERENCE)
    return table


def links_of(paths: Sequence[str], rows: Sequence[Row], past: Past) -> Links:
    """`paths`: all files, sorted; `rows`: of each of them."""
    number = {path: at for at, path in enumerate(paths)}
    whole: list[dict[int, float]] = [{} for _ in paths]
    for at, row in enumerate(rows):
        own = whole[at]
        for target, weight in zip(_numbers(row.targets), _floats(row.weights), strict=True):
            own[target] = own.get(target, 0.0) + weight
            whole[target][at] = whole[target].get(at, 0.0) + _BACKWARDS * weight
    for one, other, weight in (*_pairs(paths), *_together(past, number)):
        whole[one][other] = whole[one].get(other, 0.0) + weight
        whole[other][one] = whole[other].get(one, 0.0) + weight
    starts, targets, weights = _packed(whole)
    return Links(starts, targets, weights, _reached(len(paths), targets, weights))


def _referred(
    at: int, tables: Iterable[Mapping[str, int]], names: Postings, imports: frozenset[int]
) -> dict[int, float]:
    """The files that a file imports, and those that define what it uses: of several, the imported ones."""
    row = dict.fromkeys(sorted(imports), _IMPORTED)
    for table in tables:
        for name, lines in table.items():
            files = names.files(name)
            if not files or at in files:
                continue
            meant = [one for one in files if one in imports] if len(files) > 1 else files
            if not meant and len(files) > _MOST_DEFINERS:
                continue
            weight = _weight(name, 1 if meant else len(files)) * lines**0.5
            for target in meant or files:
                row[target] = row.get(target, 0.0) + weight
    return row


def _by_weight(item: tuple[int, float]) -> tuple[float, int]:
    return -item[1], item[0]


def _weight(name: str, files: int) -> float:
    """What a reference to `name` says about each of the files that define it."""
    length = min(len(name), 12) / 12
    return length * (0.3 if name.startswith("_") else 1.0) / files


def _pairs(paths: Sequence[str]) -> Iterator[tuple[int, int, float]]:
    """Tests and what they are named after."""
    code: dict[str, list[int]] = {}
    tests: dict[str, list[int]] = {}
    for at, path in enumerate(paths):
        stem = path.rpartition("/")[2].partition(".")[0] if "." in path.rpartition("/")[2] else ""
        if not stem:
            continue
        if is_test(path):
            bare = re.sub(r"^test[_-]|[_.-](?:tests?|spec)$|(?<=[a-z])Tests?$", "", stem)
            tests.setdefault(bare.lower(), []).append(at)
        else:
            code.setdefault(stem.lower(), []).append(at)
    for stem, those in sorted(tests.items()):
        files = code.get(stem, ())
        if len(files) <= _MOST_DEFINERS:
            for one in those:
                for other in files:
                    yield one, other, _PAIRED / len(files)


def _together(past: Past, number: Mapping[str, int]) -> Iterator[tuple[int, int, float]]:
    """Files that were changed by the same commit."""
    for age, commit in enumerate(past.commits):
        files = [number[path] for path in commit.paths if path in number]
        weight = _TOGETHER * _recency(age) / max(1, len(files) - 1)
        for at, one in enumerate(files):
            for other in files[at + 1 :]:
                yield one, other, weight


def _packed(rows: Sequence[Mapping[int, float]]) -> tuple[bytes, bytes, bytes]:
    starts, targets, weights = array("I", [0]), array("I"), array("f")
    for row in rows:
        whole = sum(row.values())
        for target in sorted(row):
            targets.append(target)
            weights.append(row[target] / whole)
        starts.append(len(targets))
    return starts.tobytes(), targets.tobytes(), weights.tobytes()


def _reached(files: int, targets: bytes, weights: bytes) -> bytes:
    found = array("f", [_REACHED_BY_CHANCE]) * files
    for target, weight in zip(_numbers(targets), _floats(weights), strict=True):
        found[target] += weight
    return found.tobytes()


def interest(one: Definition, fame: Mapping[str, int]) -> float:
    """How much a definition says about its file, whatever the task."""
    worth = _KINDS.get(one.kind, _PLAIN_KIND) * (0.4 if one.name.startswith("_") else 1.0)
    return worth + 0.25 * math.log1p(fame.get(one.name, 0))
