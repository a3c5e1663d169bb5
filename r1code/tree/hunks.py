"""A patch as choices: hunks of lines, and what can only be taken whole. Any of them make a patch again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from io import BytesIO
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from r1code.tree.entry import Entry
from r1code.tree.patch import FileChange, Patch
from r1code.tree.store import Store

Kind = Literal["lines", "created", "deleted", "link", "binary", "mode"]
"""All but `lines` can only be taken whole."""
CONTEXT = 3


class Run(Struct, frozen=True):
    """Neighbouring lines of the new content, in the place of neighbouring ones of the old. Counted from 0."""

    old: int
    old_count: int
    new: int
    new_count: int

    @property
    def old_end(self) -> int:
        return self.old + self.old_count

    @property
    def new_end(self) -> int:
        return self.new + self.new_count


Compare = Callable[[Sequence[tuple[bytes, bytes]]], list[tuple[Run, ...]]]
"""For each pair of contents its runs in order; none where they cannot be compared by lines."""


class Line(Struct, frozen=True):
    sign: Literal[" ", "-", "+"]
    data: bytes
    """With the newline, if it has one."""
    old: int | None
    """Counted from 1."""
    new: int | None


class Span(Struct, frozen=True):
    """Lines with their context: counted from 1; of no lines, the one before them, as in a patch's text."""

    start: int
    count: int


class Hunk(Struct, frozen=True, kw_only=True):
    """One choice."""

    id: str
    """Path and place in the file, like `src/a.py#2`."""
    number: str
    """Running through the patch, like `3`; of the parts of a split one `3.1` and so on."""
    path: str
    kind: Kind
    runs: tuple[Run, ...] = ()
    old: Span = Span(0, 0)
    new: Span = Span(0, 0)


class FileReview(Struct, frozen=True, kw_only=True):
    """What happened to one path, its lines before and after, and the choices."""

    change: FileChange
    before: Sequence[bytes]
    after: Sequence[bytes]
    hunks: tuple[Hunk, ...] = ()
    is_binary: bool = False
    """Before or after it is no text; there are no lines then."""

    def lines(self, hunk: Hunk) -> Iterator[Line]:
        """What a hunk of this file removes and adds, with the lines around it."""
        at = max(0, hunk.old.start - (1 if hunk.old.count else 0))
        end = at + hunk.old.count
        shift = 0
        for run in hunk.runs:
            shift = run.new - run.old
            yield from self._same(at, run.old, shift)
            for index in range(run.old, run.old_end):
                yield Line("-", self.before[index], index + 1, None)
            for index in range(run.new, run.new_end):
                yield Line("+", self.after[index], None, index + 1)
            at, shift = run.old_end, run.new_end - run.old_end
        yield from self._same(at, end, shift)

    def _same(self, start: int, end: int, shift: int) -> Iterator[Line]:
        for index in range(start, end):
            yield Line(" ", self.before[index], index + 1, index + 1 + shift)


class Review(Struct, frozen=True, kw_only=True):
    """A patch and its choices, in path order."""

    patch: Patch
    files: tuple[FileReview, ...]
    context: int = CONTEXT

    @property
    def hunks(self) -> tuple[Hunk, ...]:
        return tuple(hunk for file in self.files for hunk in file.hunks)

    def file(self, hunk: Hunk) -> FileReview:
        return next(file for file in self.files if file.change.path == hunk.path)

    def select(self, chosen: Collection[str], store: Store) -> Patch:
        """The patch with only the hunks whose ids are `chosen`; contents that it needs are put into `store`.

        All of them are the patch itself. Raises KeyError for an id that no hunk has.
        """
        wanted = frozenset(chosen)
        unknown = wanted.difference(hunk.id for hunk in self.hunks)
        if unknown:
            raise KeyError(*sorted(unknown))
        return Patch.of(_selected(file, wanted, store) for file in self.files)

    def split(self, hunk_id: str) -> Review:
        """With that hunk in parts: one for each run, or, of a single run, for each line. The same if it has none.

        Raises KeyError for an id that no hunk has.
        """
        hunk = next((hunk for hunk in self.hunks if hunk.id == hunk_id), None)
        if hunk is None:
            raise KeyError(hunk_id)
        file = self.file(hunk)
        runs = hunk.runs if len(hunk.runs) > 1 else _by_line(file, hunk.runs)
        if hunk.kind != "lines" or len(runs) <= 1:
            return self
        parts = [
            replace(_hunk(file, (run,), self.context), id=f"{hunk.id}.{place}", number=f"{hunk.number}.{place}")
            for place, run in enumerate(runs, start=1)
        ]
        place = file.hunks.index(hunk)
        fresh = replace(file, hunks=(*file.hunks[:place], *parts, *file.hunks[place + 1 :]))
        return replace(self, files=tuple(fresh if one is file else one for one in self.files))


def review_with(compare: Compare, patch: Patch, store: Store, *, context: int = CONTEXT) -> Review:
    """The choices of a patch. Raises StateError when a content is missing.

    Hunks are apart by more than twice the `context`, as in the patch's text.
    """
    contents = [_contents(change, store) for change in patch.changes]
    asked = [index for index, change in enumerate(patch.changes) if _is_by_lines(change, contents[index])]
    found = dict(zip(asked, compare([contents[index] for index in asked]), strict=True))
    files: list[FileReview] = []
    number = 0
    for index, change in enumerate(patch.changes):
        file = _file(change, contents[index], found.get(index), context)
        numbered = [
            replace(hunk, id=f"{change.path}#{place}", number=str(number + place))
            for place, hunk in enumerate(file.hunks, start=1)
        ]
        number += len(numbered)
        files.append(replace(file, hunks=tuple(numbered)))
    return Review(patch=patch, files=tuple(files), context=context)


def lines_of(data: bytes) -> list[bytes]:
    """The lines with their newlines. As for git, a line feed ends one and nothing else does."""
    return BytesIO(data).readlines()


def _contents(change: FileChange, store: Store) -> tuple[bytes, bytes]:
    before, after = (b"" if entry is None else store.get(entry.digest) for entry in (change.before, change.after))
    return before, after


def _is_by_lines(change: FileChange, contents: tuple[bytes, bytes]) -> bool:
    return _is_file(change.before) and _is_file(change.after) and not _is_binary(contents)


def _is_file(entry: Entry | None) -> bool:
    return entry is not None and entry.kind == "file"


def _is_binary(contents: tuple[bytes, bytes]) -> bool:
    return any(b"\0" in content for content in contents)


def _file(
    change: FileChange, contents: tuple[bytes, bytes], runs: tuple[Run, ...] | None, context: int
) -> FileReview:
    is_binary = _is_binary(contents)
    before, after = ([], []) if is_binary else map(lines_of, contents)
    file = FileReview(change=change, before=before, after=after, is_binary=is_binary)
    whole = (Run(0, len(before), 0, len(after)),) if before or after else ()
    if change.before is None or change.after is None or {change.before.kind, change.after.kind} != {"file"}:
        kind: Kind = "created" if change.before is None else "deleted" if change.after is None else "link"
        return replace(file, hunks=(replace(_hunk(file, whole, context), kind=kind),))
    hunks: list[Hunk] = []
    if runs:
        hunks += [_hunk(file, group, context) for group in _grouped(runs, context)]
    elif change.before.digest != change.after.digest:
        file = replace(file, before=(), after=(), is_binary=True)
        hunks.append(replace(_hunk(file, (), context), kind="binary"))
    if change.before.mode != change.after.mode:
        hunks.append(replace(_hunk(file, (), context), kind="mode"))
    return replace(file, hunks=tuple(hunks))


def _grouped(runs: Sequence[Run], context: int) -> list[tuple[Run, ...]]:
    groups: list[list[Run]] = []
    for run in runs:
        if groups and run.old - groups[-1][-1].old_end <= 2 * context:
            groups[-1].append(run)
        else:
            groups.append([run])
    return [tuple(group) for group in groups]


def _hunk(file: FileReview, runs: tuple[Run, ...], context: int) -> Hunk:
    """One that is to be named."""
    if not runs:
        return Hunk(id="", number="", path=file.change.path, kind="lines")
    above = min(context, runs[0].old)
    below = min(context, len(file.before) - runs[-1].old_end)
    added = sum(run.new_count - run.old_count for run in runs)
    old = runs[-1].old_end + below - runs[0].old + above
    return Hunk(
        id="",
        number="",
        path=file.change.path,
        kind="lines",
        runs=runs,
        old=_span(runs[0].old - above, old),
        new=_span(runs[0].new - above, old + added),
    )


def _span(index: int, count: int) -> Span:
    return Span(index + 1 if count else index, count)


def _by_line(file: FileReview, runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """The smallest parts: each line with the one in its place. What ends without a newline must stay last."""
    parts: list[Run] = []
    for run in runs:
        for step in range(max(run.old_count, run.new_count)):
            old, new = run.old + min(step, run.old_count), run.new + min(step, run.new_count)
            part = Run(old, int(step < run.old_count), new, int(step < run.new_count))
            removed, added = file.before[part.old : part.old_end], file.after[part.new : part.new_end]
            if any(not line.endswith(b"\n") for line in (*removed, *added)):
                return (*parts, Run(old, run.old_end - old, new, run.new_end - new))
            parts.append(part)
    return tuple(parts)


def _selected(file: FileReview, wanted: frozenset[str], store: Store) -> FileChange:
    change, chosen = file.change, [hunk for hunk in file.hunks if hunk.id in wanted]
    if len(chosen) == len(file.hunks):
        return change
    if not chosen or change.before is None or change.after is None:
        return replace(change, after=change.before)
    entry = change.before
    if any(hunk.kind == "mode" for hunk in chosen):
        entry = replace(entry, mode=change.after.mode)
    contents = [hunk for hunk in file.hunks if hunk.kind != "mode"]
    taken = [hunk for hunk in contents if hunk.id in wanted]
    if len(taken) == len(contents):
        entry = replace(entry, digest=change.after.digest)
    elif taken:
        entry = replace(entry, digest=store.put(_composed(file, [run for hunk in taken for run in hunk.runs])))
    return replace(change, after=entry)


def _composed(file: FileReview, runs: Sequence[Run]) -> bytes:
    """The old content with the `runs`, which are in order."""
    parts: list[bytes] = []
    at = 0
    for run in runs:
        parts += file.before[at : run.old]
        parts += file.after[run.new : run.new_end]
        at = run.old_end
    parts += file.before[at:]
    return b"".join(parts)
