"""What a patch amounts to: lines added and removed in each file, renames recognised."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from r1code.tree.hunks import Compare, FileReview, Review, Run
from r1code.tree.store import Store

_TYPES = {"file": "100", "link": "120", "folder": "040"}
Did = Literal["created", "deleted", "changed", "renamed"]
ALIKE = 50
"""Percent: what is more alike is the same file under another name."""
_MOST_BYTES = 4_000_000
"""Of a file that is compared with others; larger ones are renamed only if they are the same."""
_MOST_SHARING = 20
"""A line that more of the new files have says nothing about where one came from."""


class FileStat(Struct, frozen=True, kw_only=True):
    path: str
    did: Did
    added: int = 0
    removed: int = 0
    is_binary: bool = False
    """Its lines are not counted."""
    renamed_from: str | None = None
    alike: int | None = None
    """Of a renamed file, how many percent of the larger one both have."""
    old_mode: str | None = None
    """Like `100644`; set, as is the new one, where the mode changed."""
    new_mode: str | None = None


class Stat(Struct, frozen=True):
    files: tuple[FileStat, ...]
    """In path order; a renamed file once, under its new path."""

    @property
    def added(self) -> int:
        return sum(file.added for file in self.files)

    @property
    def removed(self) -> int:
        return sum(file.removed for file in self.files)


def stat(review: Review, store: Store, compare: Compare) -> Stat:
    """Raises StateError when a content is missing. Its cost grows with the size of the patch, not faster."""
    by_path = {file.change.path: file for file in review.files}
    gone = [file for file in review.files if file.change.after is None]
    come = [file for file in review.files if file.change.before is None]
    origins = _same(gone, come)
    used = set(origins.values())
    pairs = _alike(
        [file for file in gone if file.change.path not in used],
        [file for file in come if file.change.path not in origins],
    )
    alike = dict.fromkeys(origins, 100) | {new: percent for new, (_, percent) in pairs.items()}
    origins |= {new: old for new, (old, _) in pairs.items()}
    moved = sorted(origins)
    contents = [(_content(by_path[origins[path]], store), _content(by_path[path], store)) for path in moved]
    runs = dict(zip(moved, compare(contents), strict=True))
    left = set(origins.values())
    return Stat(
        tuple(
            _renamed(file, by_path[origins[path]], alike[path], runs[path]) if path in origins else _plain(file)
            for path, file in by_path.items()
            if path not in left
        )
    )


def _content(file: FileReview, store: Store) -> bytes:
    entry = file.change.after or file.change.before
    return b"" if entry is None or file.is_binary else store.get(entry.digest)


def _plain(file: FileReview) -> FileStat:
    change = file.change
    did: Did = "created" if change.before is None else "deleted" if change.after is None else "changed"
    old, new = _modes(file, file)
    runs = [run for hunk in file.hunks for run in hunk.runs]
    added, removed = _counts(runs)
    return FileStat(
        path=change.path,
        did=did,
        added=added,
        removed=removed,
        is_binary=_is_binary(file),
        old_mode=old if did == "changed" else None,
        new_mode=new if did == "changed" else None,
    )


def _renamed(file: FileReview, source: FileReview, alike: int, runs: Iterable[Run]) -> FileStat:
    added, removed = _counts(runs)
    old, new = _modes(source, file)
    return FileStat(
        path=file.change.path,
        did="renamed",
        added=added,
        removed=removed,
        is_binary=_is_binary(file),
        renamed_from=source.change.path,
        alike=alike,
        old_mode=old,
        new_mode=new,
    )


def _counts(runs: Iterable[Run]) -> tuple[int, int]:
    both = list(runs)
    return sum(run.new_count for run in both), sum(run.old_count for run in both)


def _modes(before: FileReview, after: FileReview) -> tuple[str | None, str | None]:
    """Both as git writes them; None where they are the same."""
    old, new = before.change.before, after.change.after
    if old is None or new is None or (old.kind, old.mode) == (new.kind, new.mode):
        return None, None
    first, second = (f"{_TYPES[one.kind]}{one.mode if one.kind == 'file' else 0:03o}" for one in (old, new))
    return first, second


def _is_binary(file: FileReview) -> bool:
    """Its content changed, and there are no lines to show for it."""
    return file.is_binary and any(hunk.kind != "mode" for hunk in file.hunks)


def _same(gone: Sequence[FileReview], come: Sequence[FileReview]) -> dict[str, str]:
    """New path -> old path of the same content, each old one once; those with the same file name first."""
    by_content: defaultdict[str, list[str]] = defaultdict(list)
    for file in gone:
        if file.change.before is not None:
            by_content[f"{file.change.before.kind} {file.change.before.digest}"].append(file.change.path)
    found: dict[str, str] = {}
    for named in (True, False):
        for file in come:
            path, entry = file.change.path, file.change.after
            olds = [] if entry is None else by_content[f"{entry.kind} {entry.digest}"]
            old = next((old for old in olds if not named or _name(old) == _name(path)), None)
            if path not in found and old is not None:
                olds.remove(old)
                found[path] = old
    return found


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _alike(gone: Sequence[FileReview], come: Sequence[FileReview]) -> dict[str, tuple[str, int]]:
    """New path -> old path and percent of what both have, the most alike first, each old one once."""
    olds, news = _countable(gone, before=True), _countable(come, before=False)
    sharing: defaultdict[bytes, list[str]] = defaultdict(list)
    for path, lines in news.items():
        for line in lines:
            sharing[line].append(path)
    pairs: list[tuple[int, str, str]] = []
    for old, lines in olds.items():
        shared: Counter[str] = Counter()
        for line, count in lines.items():
            paths = sharing.get(line, [])
            for path in paths if len(paths) <= _MOST_SHARING else ():
                shared[path] += len(line) * min(count, news[path][line])
        for new, size in shared.items():
            percent = 100 * size // max(_size(lines), _size(news[new]))
            if percent > ALIKE:
                pairs.append((percent, new, old))
    found: dict[str, tuple[str, int]] = {}
    taken: set[str] = set()
    for percent, new, old in sorted(pairs, key=lambda pair: (-pair[0], _name(pair[1]) != _name(pair[2]), pair)):
        if new not in found and old not in taken:
            taken.add(old)
            # Only the same content is wholly alike.
            found[new] = (old, min(percent, 99))
    return found


def _countable(files: Sequence[FileReview], *, before: bool) -> dict[str, Counter[bytes]]:
    found: dict[str, Counter[bytes]] = {}
    for file in files:
        entry, lines = (file.change.before, file.before) if before else (file.change.after, file.after)
        if entry is not None and entry.kind == "file" and sum(map(len, lines)) <= _MOST_BYTES:
            found[file.change.path] = Counter(lines)
    return found


def _size(lines: Counter[bytes]) -> int:
    return sum(len(line) * count for line, count in lines.items())
