"""The work tree at a moment: path -> what is there. Everything else in this package follows from it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.tree.entry import Entry, is_folder, parents, wrong_with
from r1code.tree.patch import FileChange, Patch
from r1code.tree.store import Store

__all__ = ["Entry", "Snapshot", "materialise"]


class Snapshot(Struct, frozen=True):
    entries: dict[str, Entry]
    """By path relative to the root, with `/`, in sorted order."""

    @property
    def digest(self) -> str:
        """SHA-256 of the whole: equal exactly for equal trees, on every machine."""
        whole = hashlib.sha256()
        for path, entry in self.entries.items():
            whole.update(os.fsencode(path))
            whole.update(f"\0{entry.kind} {entry.mode:o} {entry.digest}\n".encode())
        return whole.hexdigest()

    def pack(self) -> bytes:
        """The tree as bytes, for `unpack`; equal exactly for equal trees."""
        return msgspec.msgpack.encode({os.fsencode(path): entry for path, entry in self.entries.items()})

    @staticmethod
    def unpack(data: bytes) -> Snapshot:
        """Raises msgspec.MsgspecError for what is no packed tree."""
        rows = msgspec.msgpack.decode(data, type=dict[bytes, Entry])
        return Snapshot({os.fsdecode(path): entry for path, entry in rows.items()})

    def diff(self, other: Snapshot) -> Patch:
        """What makes `other` out of this."""
        return Patch.of(
            FileChange(path=path, before=self.entries.get(path), after=other.entries.get(path))
            for path in self.entries.keys() | other.entries.keys()
        )

    def with_patch(self, patch: Patch) -> Snapshot:
        """The tree with `patch` applied. Raises ValueError if the patch was made for another tree."""
        entries = dict(self.entries)
        for change in patch.changes:
            if entries.pop(change.path, None) != change.before:
                raise ValueError(f"the patch does not fit: {change.path!r} is not what it starts from")
            if change.after is not None:
                entries[change.path] = change.after
        return Snapshot(dict(sorted(entries.items())))


def materialise(snapshot: Snapshot, store: Store, folder: Path, *, linked: bool = False) -> None:
    """Writes the tree into the empty `folder`: files, links, modes and empty folders.

    `linked`: files may be the store's own, for nothing below `folder` is written to, only replaced.
    Raises OSError, StateError when a content is missing or damaged, and ValueError for a tree that cannot be: a
    path that leaves it, or a file with something below it.
    """
    for path in snapshot.entries:
        if wrong_with(path) is not None or any(parent in snapshot.entries for parent in parents(path)):
            raise ValueError(f"{path!r} cannot be in a work tree")
    made: set[str] = set()
    for path, entry in snapshot.entries.items():
        above = path.rpartition("/")[0]
        if above not in made:
            (folder / above).mkdir(parents=True, exist_ok=True)
            made.add(above)
        place = Path(f"{folder}/{path}")
        if entry.kind != "file" or not store.share(entry.digest, place, entry.mode, linked=linked):
            write_entry(place, entry, store)


def write_entry(place: Path, entry: Entry, store: Store) -> None:
    """Creates what `entry` says at `place`, where nothing is. Raises OSError and StateError."""
    if is_folder(entry):
        place.mkdir()
        return
    data = store.get(entry.digest)
    if entry.kind == "link":
        place.symlink_to(os.fsdecode(data))
        return
    with place.open("xb") as file:
        file.write(data)
        os.fchmod(file.fileno(), entry.mode)
