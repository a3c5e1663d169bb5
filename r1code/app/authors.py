"""Which step wrote which line of a change: contents are compared state by state, and lines keep their author.

The steps that worked in a copy have no checkpoints of their own, so what they wrote is written again, by the
tools that wrote it, on copies of the files that the change is about. No command runs for that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from r1code.app.record import Call, Step
from r1code.errors import StateError, ToolError
from r1code.repo.compare import compare, review
from r1code.tools.base import Draft
from r1code.tools.writes import WRITES
from r1code.tree.entry import Entry, wrong_with
from r1code.tree.hunks import Line, Run, lines_of
from r1code.tree.patch import Patch
from r1code.tree.scan import Listing
from r1code.tree.stat import stat
from r1code.tree.store import Store
from r1code.tree.timeline import Origin
from r1code.tree.worktree import WorkTree

OUTSIDE = 0
"""The author of what no step did."""
_TOOLS = {tool.name: tool for tool in WRITES}
_TRIES = 5
"""States that a call is tried on: what was taken back in between is not in the log."""


class Made(Struct, frozen=True):
    """A change, and the step that made it, by the entry of its reply; OUTSIDE: none did."""

    author: int
    patch: Patch


class Mark(Struct, frozen=True):
    """Where a line comes from: its author, and, of one that was there before, what it was then."""

    author: int | None = None
    path: str = ""
    index: int = -1


class Authors(Struct, frozen=True, kw_only=True):
    added: Mapping[str, Sequence[int | None]]
    """By path, of each line after the change. None: it was there before."""
    removed: Mapping[str, Mapping[int, int]]
    """By path, of the lines before the change that are gone, counted from 0."""
    touched: Mapping[str, Sequence[int]]
    """By path, who changed it, in order."""

    def of(self, path: str, runs: Sequence[Run]) -> tuple[int, ...]:
        """Who made these runs of a file, first to last."""
        lines, gone = self.added.get(path, ()), self.removed.get(path, {})
        found = {lines[at] for run in runs for at in range(run.new, min(run.new_end, len(lines)))} - {None}
        if not found:
            found = {gone[at] for run in runs for at in range(run.old, run.old_end) if at in gone}
        known = {one for one in found if one is not None and one != OUTSIDE}
        return tuple(sorted(known)) or tuple(self.touched.get(path, ())[-1:])

    def line(self, path: str, line: Line) -> int | None:
        """Who wrote this line of the change, or removed it."""
        if line.sign == "-" and line.old is not None:
            return self.removed.get(path, {}).get(line.old - 1)
        lines = self.added.get(path, ())
        return (
            lines[line.new - 1] if line.sign == "+" and line.new is not None and line.new <= len(lines) else None
        )


def authors_of(patch: Patch, made: Sequence[Made], store: Store, last: Callable[[str], int]) -> Authors:
    """Whose the lines of `patch` are, which is what `made` came to.

    `last`: who gets what a file has, and nobody in `made` is known to have written. Raises StateError.
    """
    tracks = _Tracks()
    touched: dict[str, list[int]] = {}
    for one in made:
        for path in one.patch.paths:
            touched.setdefault(path, []).append(one.author)
    tracks.follow([step for one in made for step in _steps(one, store)])
    ends = [change for change in patch.changes if _is_text(change.after, store)]
    tracks.follow(
        _Step(
            author=last(change.path),
            source=change.path,
            path=change.path,
            before=tracks.contents.get(change.path, _content(change.before, store)),
            after=_content(change.after, store),
        )
        for change in ends
    )
    added = {path: [mark.author for mark in marks] for path, marks in tracks.marks.items()}
    return Authors(added=added, removed=tracks.removed, touched=touched)


class _Step(Struct, frozen=True, kw_only=True):
    """A file from one state to the next."""

    author: int
    source: str
    """Its path before."""
    path: str
    before: bytes
    after: bytes


class _Tracks:
    def __init__(self) -> None:
        self.marks: dict[str, list[Mark]] = {}
        self.contents: dict[str, bytes] = {}
        self.removed: dict[str, dict[int, int]] = {}

    def follow(self, steps: Iterable[_Step]) -> None:
        real = [step for step in steps if step.before != step.after or step.source != step.path]
        for step, runs in zip(real, compared([(step.before, step.after) for step in real]), strict=True):
            first = [Mark(None, step.source, at) for at in range(len(lines_of(step.before)))]
            marks = self.marks.get(step.source, first)
            for mark in (mark for run in runs for mark in marks[run.old : run.old_end]):
                if mark.author is None:
                    self.removed.setdefault(mark.path, {}).setdefault(mark.index, step.author)
            self.marks[step.path] = followed(marks, runs, Mark(step.author), len(lines_of(step.after)))
            self.contents[step.path] = step.after


def followed(marks: Sequence[Mark], runs: Sequence[Run], fresh: Mark, count: int) -> list[Mark]:
    """The marks of the lines after `runs`; those in a run are `fresh`, in all there are `count`."""
    found: list[Mark] = []
    at = 0
    for run in runs:
        found += marks[at : run.old]
        found += [fresh] * run.new_count
        at = run.old_end
    found += marks[at:]
    # What cannot be compared by lines is somebody's as a whole.
    return found if len(found) == count else [fresh] * count


def compared(pairs: Sequence[tuple[bytes, bytes]]) -> list[tuple[Run, ...]]:
    """As `compare`, and of what is no text: one run, of all lines. Raises StateError."""
    texts = [pair if b"\0" not in pair[0] + pair[1] else (b"", b"") for pair in pairs]
    found = compare(texts)
    for at, (before, after) in enumerate(pairs):
        if texts[at] != (before, after):
            whole = Run(0, len(lines_of(before)), 0, len(lines_of(after)))
            found[at] = (whole,) if before != after else ()
    return found


def renamed(patch: Patch, store: Store) -> dict[str, str]:
    """The new paths of files that the patch moves, and their old ones. Raises StateError."""
    if len({change.after is None for change in patch.changes if None in {change.before, change.after}}) < len(
        (True, False)
    ):
        return {}
    found = stat(review(patch, store), store, compare)
    return {one.path: one.renamed_from for one in found.files if one.renamed_from is not None}


def _steps(made: Made, store: Store) -> Iterator[_Step]:
    """Of each file that is there after it."""
    origins = renamed(made.patch, store)
    gone = {change.path: change for change in made.patch.changes if change.after is None}
    for change in made.patch.changes:
        if _is_text(change.after, store):
            source = origins.get(change.path, change.path)
            before = gone[source].before if source in gone else change.before
            yield _Step(
                author=made.author,
                source=source,
                path=change.path,
                before=_content(before, store),
                after=_content(change.after, store),
            )


def _is_text(entry: Entry | None, store: Store) -> bool:
    return entry is not None and entry.kind == "file" and b"\0" not in store.get(entry.digest)


def _content(entry: Entry | None, store: Store) -> bytes:
    return b"" if entry is None or entry.kind != "file" else store.get(entry.digest)


def redone(patch: Patch, steps: Sequence[Step], store: Store, folder: Path) -> tuple[list[Made], Store]:
    """What the writing calls of `steps` did to the files of `patch`, and a store with the contents.

    They are done again in `folder`, which is empty; what cannot be done there is left out. Raises StateError.
    """
    root = folder / "tree"
    root.mkdir()
    for change in patch.changes:
        if change.before is not None and change.before.kind == "file" and wrong_with(change.path) is None:
            place = root / change.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(store.get(change.before.digest))
    author = OUTSIDE
    kept = Store(folder / "objects")
    tree = WorkTree(
        root,
        Listing(lambda: sorted(os.path.relpath(one, root) for one in root.rglob("*") if one.is_file())),
        kept,
        state=folder,
        hidden=lambda _: False,
        origin=lambda: Origin(step=author),
    )
    for step in steps:
        author = step.entry
        calls = [call for call in step.calls if call.writes]
        if calls:
            _write_again(tree, calls)
    moves = tree.timeline.path(tree.timeline.at)
    return [Made(move.origin.step, move.patch) for move in moves], kept


def _write_again(tree: WorkTree, calls: Sequence[Call]) -> None:
    """On the tree as it is, or, where they do not fit, as it was some changes ago."""
    here = tree.timeline.at
    states = [here, *(move.parent for move in reversed(tree.timeline.path(here)))][:_TRIES]
    for state in states:
        if state != tree.timeline.at:
            tree.go(state)
        draft = Draft(tree, lambda _: False)
        try:
            for call in calls:
                _TOOLS[call.name].draft(call.arguments, draft)
            draft.land()
        except (ToolError, StateError):
            continue
        return
    if tree.timeline.at != here:
        tree.go(here)
