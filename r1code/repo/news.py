"""What files define that they did not before, and the other way round. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from r1code.repo.graph import NO_CODE
from r1code.repo.index.outline import Definition, Outline
from r1code.repo.repomap import MOST_CHARS, Count

_MOST_OF_FILE = 12
"""Definitions of one file that are told."""


class News(Struct, frozen=True, kw_only=True):
    text: str
    """A block for each file; empty: nothing that it defines is new, gone, moved, or has another signature."""
    more: int
    """Files for which there was no room."""


def news(
    before: Mapping[str, Outline],
    after: Mapping[str, Outline],
    *,
    room: int,
    count: Count,
    hide: Callable[[str], str] = str,
) -> News:
    """`before`, `after`: the outlines of the files that changed, where they have one. `room` tokens at most."""
    blocks = [hide(block) for block in _blocks(before, after)]
    told: list[str] = []
    left = room
    for block in blocks:
        left -= count(block) + 1
        if left < 0:
            break
        told.append(block)
    return News(text="\n".join(told), more=len(blocks) - len(told))


def _blocks(before: Mapping[str, Outline], after: Mapping[str, Outline]) -> Iterator[str]:
    old = {path: _heads(outline) for path, outline in before.items()}
    now = {path: _heads(outline) for path, outline in after.items()}
    gone = {name: path for path, heads in sorted(old.items()) for name in heads if name not in now.get(path, {})}
    come = {name for path, heads in now.items() for name in heads if name not in old.get(path, {})}
    for path in sorted(old.keys() | now.keys()):
        was, is_now = old.get(path, {}), now.get(path, {})
        fresh = [
            f"  + {head}" + (f" (from {gone[name]})" if name not in was and name in gone else "")
            for name, head in is_now.items()
            if was.get(name) != head
        ]
        lost = [f"  - {name}" for name in was if name not in is_now and name not in come]
        if path not in after and was:
            yield f"{path}: removed"
        elif fresh or lost:
            yield "\n".join([f"{path}:" if path in before else f"{path}: new", *_cut([*fresh, *lost])])


def _heads(outline: Outline) -> dict[str, str]:
    """Name, with what it is in -> signature, of what is defined in code."""
    return {one.path: _head(one) for one in outline.definitions if one.kind not in NO_CODE}


def _head(one: Definition) -> str:
    if not one.signature or len(one.signature) > MOST_CHARS:
        return one.path
    return f"{one.owner}: {one.signature}" if one.owner else one.signature


def _cut(lines: Sequence[str]) -> list[str]:
    if len(lines) <= _MOST_OF_FILE:
        return list(lines)
    return [*lines[:_MOST_OF_FILE], f"  [{len(lines) - _MOST_OF_FILE} more]"]
