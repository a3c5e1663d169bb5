"""What the index knows, in words for the model. It is not built before something is asked."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from r1code.control import Control
from r1code.errors import StateError, ToolError
from r1code.repo.files import decode
from r1code.repo.index.index import Index
from r1code.repo.index.outline import Outline
from r1code.repo.usages import Found, Use, definitions, last_part, uses
from r1code.secrets.values import Hide
from r1code.tools.base import Result
from r1code.tree.worktree import WorkTree

MOST_BODIES = 3
MOST_BODY_LINES = 120
MOST_NAMED = 40
MOST_USES = 60
MOST_OUTLINED = 200
MOST_CHARS = 200
_SIMILAR = 5
_FEWEST = 3

Within = Callable[[str], bool]
"""Whether a path is among those that are meant."""


class Symbols:
    def __init__(self, tree: WorkTree, index: Index, hide: Hide) -> None:
        self._tree = tree
        self._index = index
        self._hide = hide

    def outline(self, paths: Sequence[str], control: Control) -> list[str]:
        """What each of the files defines; of several files only the top level. One line for each definition."""
        lines: list[str] = []
        for path, outline in self._read(paths, control).items():
            lines += [path] if len(paths) > 1 else []
            for one in outline.definitions:
                depth = _depth(outline, one.parent)
                if len(paths) > 1 and depth:
                    continue
                head = self._hide(one.signature or f"{one.kind} {one.name}")[:MOST_CHARS]
                lines.append(f"{'  ' * (depth + (len(paths) > 1))}{one.first}-{one.last}: {head}")
        return _cut(lines, MOST_OUTLINED, "lines")

    def definition(self, name: str, within: Within, control: Control) -> Result:
        """The definitions of a name, the first ones with their text."""
        outlines = self._holding(name, within, control)
        found = definitions(outlines, name)
        if not found:
            raise ToolError(self._unknown(name, control))
        bodies = [self._body(one) for one in found[:MOST_BODIES]]
        others = [f"{self._at(one)}: {self._head(one)}" for one in found[MOST_BODIES:]]
        heading = f"{len(found)} definition{'s' if len(found) > 1 else ''} of {name}"
        return Result(
            text="\n\n".join([heading, *bodies, *_together(_cut(others, MOST_NAMED, "definitions"))]),
            display=heading,
        )

    def references(self, name: str, within: Within, control: Control) -> Result:
        """The lines that use a name; they may mean another thing of that name."""
        found = uses(self._holding(name, within, control), name, only_calls=False)
        if not found:
            return Result(text=f"nothing uses {name}")
        files = {use.path for use in found}
        heading = f"{len(found)} lines in {len(files)} files use {last_part(name)}"
        shown, rest = _shared(found)
        texts = {path: self._lines(path) for path in dict.fromkeys(use.path for use in shown)}
        lines = [f"{use.path}:{use.line}: {_line(texts[use.path], use.line)}" for use in shown]
        return Result(text="\n".join([heading, *lines, *_left_out(rest)]), display=heading)

    def callers(self, name: str, within: Within, control: Control) -> Result:
        """The definitions in which a name is called."""
        found = uses(self._holding(name, within, control), name, only_calls=True)
        if not found:
            return Result(text=f"nothing calls {name}")
        places: dict[tuple[str, str], list[int]] = {}
        for use in found:
            head = "(top level)" if use.inside is None else use.inside.signature or use.inside.path
            owner = "" if use.inside is None or not use.inside.owner else f" (in {use.inside.owner})"
            places.setdefault((use.path, f"{head}{owner}"), []).append(use.line)
        heading = f"{last_part(name)} is called by {len(places)} definitions"
        lines = [
            f"{path}:{', '.join(map(str, at))}: {self._hide(head)[:MOST_CHARS]}"
            for (path, head), at in places.items()
        ]
        return Result(text="\n".join([heading, *_cut(lines, MOST_NAMED, "callers")]), display=heading)

    def _read(self, paths: Iterable[str], control: Control) -> dict[str, Outline]:
        snapshot = self._tree.snapshot()
        self._build(control)
        return self._index.outlines(snapshot, paths)

    def _holding(self, name: str, within: Within, control: Control) -> dict[str, Outline]:
        self._build(control)
        found = self._index.holding(self._tree.snapshot(), last_part(name))
        return {path: outline for path, outline in found.items() if within(path)}

    def _build(self, control: Control) -> None:
        try:
            self._index.build(self._tree.snapshot(), control)
        except StateError as error:
            raise ToolError(
                f"The index cannot be built: {error.what}. Use <search pattern=...> instead."
            ) from error

    def _unknown(self, name: str, control: Control) -> str:
        names = {
            one.name
            for outline in self._read(self._tree.paths(), control).values()
            for one in outline.definitions
        }
        near = difflib.get_close_matches(last_part(name), sorted(names), n=_SIMILAR)
        similar = f" Similar names: {', '.join(near)}." if near else ""
        return f"No definition of {name} is known.{similar} <search pattern=...> finds any text."

    def _body(self, one: Found) -> str:
        first, last = one.definition.first, one.definition.last
        shown = min(last, first + MOST_BODY_LINES - 1)
        lines = [f"{self._at(one)}:", *self._lines(one.path)[first - 1 : shown]]
        if shown < last:
            lines.append(
                f'[{last - shown} more lines; <read path="{one.path}" lines="{shown + 1}-{last}"/> shows them]'
            )
        return "\n".join(lines)

    def _at(self, one: Found) -> str:
        owner = f", in {one.definition.owner}" if one.definition.owner else ""
        return f"{one.path} (lines {one.definition.first}-{one.definition.last}{owner})"

    def _head(self, one: Found) -> str:
        return self._hide(one.definition.signature or one.definition.path)[:MOST_CHARS]

    def _lines(self, path: str) -> list[str]:
        """The lines as the index counts them, without secrets."""
        try:
            return self._hide(decode(self._tree.read(path)).text).split("\n")
        except ToolError:
            # It was there a moment ago.
            return []


def _depth(outline: Outline, parent: int) -> int:
    depth = 0
    while parent >= 0:
        parent, depth = outline.definitions[parent].parent, depth + 1
    return depth


def _line(lines: Sequence[str], number: int) -> str:
    return lines[number - 1].strip()[:MOST_CHARS] if number <= len(lines) else ""


def _cut(lines: list[str], most: int, what: str) -> list[str]:
    return lines if len(lines) <= most else [*lines[:most], f"[{len(lines) - most} more {what}]"]


def _together(lines: list[str]) -> list[str]:
    return ["\n".join(lines)] if lines else []


def _shared(found: Sequence[Use]) -> tuple[list[Use], list[Use]]:
    """Those that are shown, so many of each file that no file is left out for another; and the rest."""
    if len(found) <= MOST_USES:
        return list(found), []
    each = max(_FEWEST, MOST_USES // len({use.path for use in found}))
    shown: list[Use] = []
    rest: list[Use] = []
    seen: Counter[str] = Counter()
    for use in found:
        seen[use.path] += 1
        (shown if seen[use.path] <= each and len(shown) < MOST_USES else rest).append(use)
    return shown, rest


def _left_out(rest: Sequence[Use]) -> list[str]:
    files: dict[str, int] = {}
    for use in rest:
        files[use.path] = files.get(use.path, 0) + 1
    if not files:
        return []
    named = [f"{path} ({count})" for path, count in list(files.items())[:_SIMILAR]]
    more = f" and {len(files) - _SIMILAR} more files" if len(files) > _SIMILAR else ""
    return [f"[{len(rest)} more lines in {', '.join(named)}{more}; path=... narrows it]"]
