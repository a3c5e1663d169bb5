"""A project as a graph of files: which one refers to which, and which words each has. Pure.

It depends on nothing but the outlines, the paths and the past, so it can be kept until one of them changes.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from r1code.repo.index.outline import Definition, Outline
from r1code.repo.kinds import Kind, kind_of
from r1code.repo.past import Past
from r1code.repo.words import words_of

FORMAT = 2
"""Of a packed graph, and of how it is made."""
_OF_PATH, _OF_NAME, _OF_MEMBER, _OF_DOC, _OF_REFERENCE, _OF_PAST = 4.0, 2.0, 1.0, 0.7, 0.3, 1.5
_SATURATION, _LENGTH_PART = 1.2, 0.5
_STEPS = 50
"""Weights are kept as whole numbers below 256, in these parts of one."""
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
_NO_CODE = frozenset({"heading", "key", "cell", "element", "stage", "target"})
_TEST = re.compile(
    r"(^|/)(tests?|specs?|__tests__|testing)/|(^|/)(test_[^/]*|[^/]*[_.-](test|spec|tests)\.[^/]*|conftest\.py)$"
)
_ASIDE = re.compile(r"(^|/)(dist|extern)/|\.(svg|po|pot)$")
"""Beside what `kind_of` knows: what is built, taken from elsewhere, drawn or translated."""
_LOW = 0.1


class Graph(Struct, frozen=True, array_like=True):
    paths: tuple[str, ...]
    """Sorted; a file is its number in here."""
    starts: bytes
    """Where in the next two each file's links begin; one more number at the end. 32 bits, as all numbers here."""
    targets: bytes
    weights: bytes
    """As floats; those of one file add up to one."""
    words: dict[str, bytes]
    """Stem -> the files that have it, each as its number times 256 and how much the file is about it."""
    names: dict[str, bytes]
    """Name -> the files that define it."""
    fame: dict[str, int]
    """Name -> in how many files it is used, where that is more than one."""
    reached: bytes
    """How much leads to each file from all others: what everything leads to says little. Floats above zero."""
    factors: bytes
    """What each file counts before any task: little if it is generated, more if it is changed often. Floats."""

    def links(self) -> tuple[array[int], array[int], array[float]]:
        return _numbers(self.starts), _numbers(self.targets), _floats(self.weights)

    def having(self, word: str) -> Iterator[tuple[int, float]]:
        for packed in _numbers(self.words.get(word, b"")):
            yield packed >> 8, (packed & 255) / _STEPS

    def defining(self, name: str) -> array[int]:
        return _numbers(self.names.get(name, b""))

    def usual(self) -> array[float]:
        return _floats(self.reached)

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


def is_test(path: str) -> bool:
    return _TEST.search(path) is not None


def graph_of(
    paths: Sequence[str],
    outlines: Mapping[str, Outline],
    past: Past,
    *,
    imports: Mapping[str, Sequence[str]],
    marks: Mapping[str, Kind],
) -> Graph:
    """`paths`: all files, sorted; those without an outline are known by their path and their past.

    `imports`: file -> the files that it imports (Targets.edges). `marks`: what the project says a file is
    (kinds.marked).
    """
    number = {path: at for at, path in enumerate(paths)}
    changes = _changes(past, number)
    names = _defined(outlines, number)
    starts, targets, weights = _packed(_linked(number, outlines, names, past, imports=imports))
    return Graph(
        paths=tuple(paths),
        starts=starts,
        targets=targets,
        weights=weights,
        words=_words(paths, outlines, past),
        names={name: array("I", files).tobytes() for name, files in names.items()},
        fame=_fame(outlines, names),
        reached=_reached(len(paths), targets, weights),
        factors=array(
            "f",
            [
                (_LOW if _tells_little(path, outlines.get(path), marks) else 1.0)
                * (1.0 + 0.15 * math.log1p(changes.get(path, 0.0)))
                for path in paths
            ],
        ).tobytes(),
    )


def _changes(past: Past, number: Mapping[str, int]) -> dict[str, float]:
    """How often each file was changed, what is long ago less."""
    found: dict[str, float] = {}
    for age, commit in enumerate(past.commits):
        for path in commit.paths:
            if path in number:
                found[path] = found.get(path, 0.0) + _recency(age)
    return found


def _recency(age: int) -> float:
    return _OLD_COMMITS / (_OLD_COMMITS + age)


def _tells_little(path: str, outline: Outline | None, marks: Mapping[str, Kind]) -> bool:
    """Whether no person wrote it here; what the project says itself is right."""
    if path in marks:
        return marks[path] != "written"
    made = outline is not None and outline.note in {"generated", "minified"}
    return made or kind_of(path, b"") != "written" or _ASIDE.search(path) is not None


def _defined(outlines: Mapping[str, Outline], number: Mapping[str, int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for path, outline in outlines.items():
        at = number[path]
        for one in outline.definitions:
            if one.kind in _NO_CODE:
                continue
            files = found.setdefault(one.name, [])
            if not files or files[-1] != at:
                files.append(at)
    return found


def _fame(outlines: Mapping[str, Outline], names: Mapping[str, list[int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for outline in outlines.values():
        for name in outline.calls.keys() | outline.uses.keys():
            if name in names:
                found[name] = found.get(name, 0) + 1
    return {name: count for name, count in sorted(found.items()) if count > 1}


@lru_cache(maxsize=1 << 17)
def _stems(name: str) -> tuple[str, ...]:
    return tuple(words_of(name))


def _words(paths: Sequence[str], outlines: Mapping[str, Outline], past: Past) -> dict[str, bytes]:
    said: dict[str, dict[str, float]] = {}
    for age, commit in enumerate(past.commits):
        part = _OF_PAST * _recency(age) / len(commit.paths) ** 0.5
        stems = dict.fromkeys(words_of(commit.subject))
        for path in commit.paths:
            table = said.setdefault(path, {})
            for word in stems:
                table[word] = table.get(word, 0.0) + part
    tables = [_weighed(path, outlines.get(path), said.get(path)) for path in paths]
    lengths = [sum(table.values()) for table in tables]
    usual = (sum(lengths) / len(lengths) if lengths else 1.0) or 1.0
    found: dict[str, array[int]] = {}
    for at, (table, length) in enumerate(zip(tables, lengths, strict=True)):
        room = _SATURATION * (1 - _LENGTH_PART + _LENGTH_PART * length / usual)
        for word, often in table.items():
            weight = min(255, round(_STEPS * (_SATURATION + 1) * often / (often + room)))
            if weight:
                found.setdefault(word, array("I")).append(at << 8 | weight)
    return {word: found[word].tobytes() for word in sorted(found)}


def _weighed(path: str, outline: Outline | None, said: Mapping[str, float] | None) -> dict[str, float]:
    """How much a file is about each word."""
    table = dict(said or {})

    def add(words: Iterable[str], weight: float) -> None:
        for word in words:
            table[word] = table.get(word, 0.0) + weight

    folder, _, name = path.rpartition("/")
    add(_stems(name), _OF_PATH)
    add(dict.fromkeys(_stems(folder)), _OF_PATH / 2)
    if outline is not None:
        for one in outline.definitions:
            add(_stems(one.name), _OF_NAME if one.parent < 0 else _OF_MEMBER)
            if one.doc:
                add(words_of(one.doc), _OF_DOC)
        for used in (outline.calls, outline.uses):
            for name in used:
                add(_stems(name), _OF_REFERENCE)
    return table


def _linked(
    number: Mapping[str, int],
    outlines: Mapping[str, Outline],
    names: Mapping[str, list[int]],
    past: Past,
    *,
    imports: Mapping[str, Sequence[str]],
) -> list[dict[int, float]]:
    """Of each file the others that it leads to."""
    whole: list[dict[int, float]] = [{} for _ in number]
    for path, outline in outlines.items():
        at = number[path]
        imported = frozenset(number[one] for one in imports.get(path, ()))
        row = _referred(at, outline, names, imported)
        for target, weight in sorted(row.items(), key=lambda item: (-item[1], item[0]))[:_MOST_LINKS]:
            whole[at][target] = whole[at].get(target, 0.0) + weight
            whole[target][at] = whole[target].get(at, 0.0) + _BACKWARDS * weight
    for one, other, weight in (*_pairs(list(number)), *_together(past, number)):
        whole[one][other] = whole[one].get(other, 0.0) + weight
        whole[other][one] = whole[other].get(one, 0.0) + weight
    return whole


def _referred(
    at: int, outline: Outline, names: Mapping[str, list[int]], imports: frozenset[int]
) -> dict[int, float]:
    """The files that a file imports, and those that define what it uses: of several, the imported ones."""
    row = dict.fromkeys(sorted(imports), _IMPORTED)
    for table in (outline.calls, outline.uses):
        for name, lines in table.items():
            files = names.get(name)
            if files is None or at in files:
                continue
            meant = [one for one in files if one in imports] if len(files) > 1 else files
            if not meant and len(files) > _MOST_DEFINERS:
                continue
            weight = _weight(name, 1 if meant else len(files)) * min(len(lines), _MOST_LINES) ** 0.5
            for target in meant or files:
                row[target] = row.get(target, 0.0) + weight
    return row


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
