"""The map: what a project offers that a task may need, in a number of tokens. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from r1code.repo.graph import interest
from r1code.repo.index.outline import Definition, Outline
from r1code.repo.rank import Ranked, Ranking
from r1code.repo.words import words_of

Count = Callable[[str], int]

MOST_FILES = 200
"""Files whose outlines a map can need."""
_OF_SIGNATURES = 0.7
"""The part of the room that signatures may have; the rest names further files."""
_PER_SIGNATURE, _FIRST, _FALLING = 120, 12, 0.8
"""The first file has one signature for so many tokens of the room, and at most so many; each next one fewer."""
MOST_CHARS = 240
"""A longer signature is no line of a map."""
_ON_LINE, _NAMED, _WORD = 3.0, 3.0, 1.5


class Map(Struct, frozen=True, kw_only=True):
    text: str
    files: tuple[str, ...]
    """Those that it names, in its order."""
    outlined: int
    """How many of them, the first ones, have signatures."""


def draw(
    ranking: Ranking, outlines: Mapping[str, Outline], fame: Mapping[str, int], *, room: int, count: Count
) -> Map:
    """The best files with their most telling signatures, then the next ones by name; `room` tokens at most.

    `outlines`: at least those of the first files, as far as they are known. Signatures are whole or not there.
    """
    blocks: list[str] = []
    files: list[Ranked] = []
    left = int(room * _OF_SIGNATURES)
    most = float(min(_FIRST, max(2, room // _PER_SIGNATURE)))
    for one in ranking.files[:MOST_FILES]:
        outline = outlines.get(one.path)
        lines = [] if outline is None else signatures(outline, one.path, ranking, fame, most=max(1, int(most)))
        block = "\n".join([f"{one.path}:", *lines] if lines else [one.path])
        cost = count(block) + 1
        if cost > left:
            break
        blocks.append(block)
        files.append(one)
        left -= cost
        most *= _FALLING
    rest = ranking.files[len(files) :]
    size = _most(len(rest), lambda named: count(_text(blocks, rest[:named])) <= room)
    while blocks and size == 0 and count(_text(blocks, ())) > room:
        blocks.pop()
        files.pop()
        rest = ranking.files[len(files) :]
    named = rest[:size]
    return Map(
        text=_text(blocks, named),
        files=tuple(one.path for one in (*files, *named)),
        outlined=len(files),
    )


def _most(limit: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `limit` that fits; what is less than one that fits does so, too."""
    low, high = 0, min(limit, 16)
    while high < limit and fits(high):
        low, high = high, min(limit, high * 2)
    if high == limit and fits(high):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low


def _text(blocks: Sequence[str], named: Sequence[Ranked]) -> str:
    """Further files stand together by folder, folders in the order of their best file."""
    folders: dict[str, list[str]] = {}
    for one in named:
        folder, _, name = one.path.rpartition("/")
        folders.setdefault(folder, []).append(name)
    lines = [
        f"{folder}/: {', '.join(names)}" if folder else ", ".join(names) for folder, names in folders.items()
    ]
    return "\n".join([*blocks, *(["also:"] if blocks and lines else []), *lines])


def signatures(outline: Outline, path: str, ranking: Ranking, fame: Mapping[str, int], *, most: int) -> list[str]:
    """The most telling definitions of a file, in its order, with what is around them; at most `most` of them."""
    stems = ranking.clues.words
    lines = [place.line for place in ranking.clues.places if place.path == path and place.line]

    def worth(one: Definition) -> float:
        found = interest(one, fame) / (1 + 0.5 * (one.parent >= 0))
        found += _NAMED * (one.name in ranking.clues.names)
        found += _ON_LINE * any(one.first <= line <= one.last for line in lines)
        own = set(words_of(one.name))
        found += _WORD * sum(stems[word] for word in sorted(own & stems.keys())) / (len(own) or 1)
        return found + 0.2 * len(stems.keys() & set(words_of(one.doc)))

    definitions = outline.definitions
    order = sorted(range(len(definitions)), key=lambda at: (-worth(definitions[at]), at))
    chosen: set[int] = set()
    for at in order:
        around = [at]
        while definitions[around[-1]].parent >= 0:
            around.append(definitions[around[-1]].parent)
        fresh = set(around) - chosen
        if len(chosen) + len(fresh) > most or any(len(_head(definitions[one])) > MOST_CHARS for one in fresh):
            continue
        chosen |= fresh
    return [f"{'  ' * (_depth(definitions, at) + 1)}{_head(definitions[at])}" for at in sorted(chosen)]


def _head(one: Definition) -> str:
    return one.signature or f"{one.kind} {one.name}"


def _depth(definitions: Sequence[Definition], at: int) -> int:
    depth = 0
    while definitions[at].parent >= 0:
        at = definitions[at].parent
        depth += 1
    return depth
