"""A patch: changes that are applied together or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from r1code.tree.entry import Entry, is_folder, parents


class FileChange(Struct, frozen=True, kw_only=True):
    """What happened to one path. None before: created. None after: deleted."""

    path: str
    before: Entry | None
    after: Entry | None


class Patch(Struct, frozen=True):
    changes: tuple[FileChange, ...]
    """At most one for a path, in path order."""

    @staticmethod
    def of(changes: Iterable[FileChange]) -> Patch:
        """In path order, without those that change nothing."""
        real = (change for change in changes if change.before != change.after)
        return Patch(tuple(sorted(real, key=lambda change: change.path)))

    def __bool__(self) -> bool:
        return bool(self.changes)

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(change.path for change in self.changes)

    @property
    def files(self) -> int:
        """How many files and links it changes: empty folders come and go beside them."""
        return sum(not (is_folder(one.before) or is_folder(one.after)) for one in self.changes)

    def without_new_folders(self) -> Patch:
        """Only what a patch in text can say."""
        return Patch(tuple(one for one in self.changes if not (one.before is None and is_folder(one.after))))

    def inverse(self) -> Patch:
        return Patch(tuple(FileChange(path=one.path, before=one.after, after=one.before) for one in self.changes))

    def then(self, other: Patch) -> Patch:
        """Both as one, without what cancels out. Raises ValueError if `other` does not start where this ends."""
        merged = {change.path: change for change in self.changes}
        for change in other.changes:
            first = merged.get(change.path)
            if first is not None and first.after != change.before:
                raise ValueError(f"the patches do not meet at {change.path!r}")
            before = change.before if first is None else first.before
            merged[change.path] = FileChange(path=change.path, before=before, after=change.after)
        return Patch.of(merged.values())

    def only(self, wanted: Callable[[str], bool]) -> Patch:
        """The changes of the paths that `wanted` holds for."""
        return Patch(tuple(change for change in self.changes if wanted(change.path)))

    def without(self, unwanted: Callable[[str], bool]) -> Patch:
        return self.only(lambda path: not unwanted(path))

    def parted(self, refused: Callable[[str], bool]) -> tuple[Patch, Patch]:
        """What can be without the changes of the paths that `refused` holds for, and the rest.

        A link or a file that stands where one of these has its folder is part of the rest: both cannot be.
        """
        names = {path for path in self.paths if refused(path)}
        names |= {parent for path in names for parent in parents(path)}
        return self.without(names.__contains__), self.only(names.__contains__)
