"""Where the lines to search for are. Pure: text in, text out, or a ToolError that says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from r1code.errors import ToolError

_MOST_WINDOWS = 20_000
_NEAR = 0.6


def replace_once(text: str, search: str, replacement: str, *, path: str, number: int) -> str:
    """`text` with the one place where the lines of `search` stand replaced.

    `number` is the place of the search/replace block in its edit, from 1. Raises ToolError when the lines are
    missing, when they stand at several places, or when nothing would change.
    """
    if not search:
        raise ToolError(f"Block {number}: SEARCH is empty. To create or replace a whole file use <write>.")
    if search == replacement:
        raise ToolError(f"Block {number}: SEARCH and REPLACE are identical, so {path} would not change.")
    body, added = (text, "") if text.endswith("\n") or not text else (f"{text}\n", "\n")
    places = _places(body, search)
    if not places:
        raise ToolError(_missing(body, search, path, number))
    if len(places) > 1:
        lines = ", ".join(str(body.count("\n", 0, place) + 1) for place in places[:8])
        raise ToolError(
            f"Block {number}: the SEARCH lines stand {len(places)} times in {path}, at lines {lines}. Add lines "
            "before or after, so that they are found once."
        )
    changed = body[: places[0]] + replacement + body[places[0] + len(search) :]
    return changed.removesuffix(added) if added else changed


def _places(text: str, search: str) -> list[int]:
    """Where whole lines equal to `search` begin."""
    places: list[int] = []
    at = text.find(search)
    while at >= 0:
        if at == 0 or text[at - 1] == "\n":
            places.append(at)
        at = text.find(search, at + 1)
    return places


def _missing(text: str, search: str, path: str, number: int) -> str:
    lines, wanted = text.splitlines(), search.splitlines()
    near = nearest(lines, wanted)
    message = f"Block {number}: the SEARCH lines do not stand in {path}, so nothing was changed."
    if near is None:
        return f"{message} No lines there are like them. Read the file and copy the lines exactly."
    start, stop = near
    shown = "\n".join(lines[start:stop])
    return (
        f"{message} The nearest are lines {start + 1} to {stop}:\n{shown}\n"
        f"{_difference(lines[start:stop], wanted)} Copy the lines exactly as they are, with their indentation."
    )


def _difference(found: Sequence[str], wanted: Sequence[str]) -> str:
    for there, here in zip(found, wanted, strict=False):
        if there != here:
            why = " (only the white space differs)" if there.split() == here.split() else ""
            return f"The file has {there!r} where your SEARCH has {here!r}{why}."
    return f"Your SEARCH has {len(wanted)} lines, and {len(found)} of them are there."


def nearest(lines: Sequence[str], wanted: Sequence[str]) -> tuple[int, int] | None:
    """The range of lines most like `wanted`, as (first, one past the last), or None when nothing is near."""
    size = len(wanted)
    starts = range(max(1, len(lines) - size + 1))
    if not wanted or not lines or len(starts) > _MOST_WINDOWS:
        return None
    keys = {line.strip() for line in wanted if line.strip()}
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2("\n".join(line.strip() for line in wanted))
    best, place = _NEAR, None
    # Windows that share a line come first; only without any are all of them compared.
    shared = [start for start in starts if any(line.strip() in keys for line in lines[start : start + size])]
    for start in (shared or list(starts))[:500]:
        matcher.set_seq1("\n".join(line.strip() for line in lines[start : start + size]))
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and matcher.ratio() > best:
            best, place = matcher.ratio(), start
    return None if place is None else (place, min(place + size, len(lines)))
