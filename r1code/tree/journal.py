"""Applies a patch to the disk whole or not at all, also across a crash.

One record for each patch: `<token>.prepare` names the temporary files before they are made, and becomes
`<token>.intent` by a rename once all of them are on disk. Before that moment the tree is as it was; after it
the patch lands, if not now then by `recover`. The contents are in the store.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.errors import StateError
from r1code.naming import first_of
from r1code.tree.entry import Entry, blocked_by, is_folder, look, parents, wrong_with
from r1code.tree.patch import FileChange, Patch
from r1code.tree.snapshot import write_entry
from r1code.tree.store import Store

Fault = Callable[[str], None]
"""Called with the name of each step before it is done. Tests raise or kill there."""


class Recovery(Struct, frozen=True, kw_only=True):
    """A patch that a crash had interrupted and that has landed now."""

    patch: Patch
    left: tuple[str, ...]
    """Paths that somebody else had changed: they stay as they are."""


class _Record(Struct, frozen=True, kw_only=True):
    root: str
    patch: Patch
    temporary: dict[str, str]
    """By path of the patch: where its new content waits, relative to the root."""


_MOST_NAMES = 5


def _no_fault(step: str) -> None:
    """Nothing goes wrong by itself."""


def apply(root: Path, patch: Patch, store: Store, folder: Path, *, fault: Fault = _no_fault) -> None:
    """Changes the tree at `root` by `patch`. The contents before it are in the store afterwards.

    Raises StateError, with the tree as it was, when the disk is not what the patch starts from, when a path
    is not safe to write, a content is missing or a write fails. The caller holds the lock of the tree.
    """
    if not patch:
        return
    # A pending one must not land after this one and over it.
    recover(root, store, folder)
    _refuse_unsafe(root, patch)
    _refuse_changed(root, patch, store)
    writing = _Writing(root, patch, store, folder, fault=fault)
    try:
        writing.prepare()
    except (OSError, StateError) as error:
        with suppress(OSError):  # What stays behind is in the record; `recover` removes it.
            writing.discard()
        raise _failed("nothing was changed", error) from error
    try:
        left = writing.land()
        if not left:
            writing.finish()
    except OSError as error:
        writing.undo()
        raise _failed("everything was put back", error) from error
    if left:
        writing.undo()
        raise _changed(left)


def is_pending(root: Path, folder: Path) -> bool:
    """Whether a patch of the tree at `root` is still to land."""
    return any(_record_of(file, root) is not None for file in folder.glob("*.intent"))


def _record_of(file: Path, root: Path) -> _Record | None:
    try:
        record = msgspec.convert(json.loads(file.read_text()), type=_Record)
    except (OSError, ValueError, msgspec.ValidationError):
        return None
    return record if record.root == os.path.realpath(root) else None


def recover(root: Path, store: Store, folder: Path) -> list[Recovery]:
    """Ends what a crash interrupted in the tree at `root`. The caller holds the lock of the tree.

    A patch that was not ready leaves no trace; one that was lands now. Safe to repeat.
    Raises StateError when a patch cannot land; it stays pending.
    """
    recovered: list[Recovery] = []
    for file in sorted(folder.glob("*.prepare")) + sorted(folder.glob("*.intent")):
        try:
            record = msgspec.convert(json.loads(file.read_text()), type=_Record)
        except (ValueError, msgspec.ValidationError):
            # Torn, so it was never synced, and the step after that had not begun.
            file.unlink()
            continue
        if record.root != os.path.realpath(root):
            continue
        writing = _Writing(root, record.patch, store, folder)
        writing.file, writing.temporary = file, record.temporary
        try:
            if file.suffix == ".prepare":
                writing.discard()
                continue
            left = writing.land()
            writing.finish()
        except OSError as error:
            raise _failed("an interrupted change is still pending", error) from error
        recovered.append(Recovery(patch=record.patch.without(frozenset(left).__contains__), left=left))
    return recovered


class _Writing:
    """The steps of one patch."""

    def __init__(self, root: Path, patch: Patch, store: Store, folder: Path, *, fault: Fault = _no_fault) -> None:
        self._root = root
        self._patch = patch
        self._store = store
        self._fault = fault
        token = secrets.token_hex(8)
        self.file = folder / f"{token}.prepare"
        self.temporary = {
            change.path: _beside(root, change.path, f".r1code-{token}-{number}")
            for number, change in enumerate(patch.changes)
            if change.after is not None and not is_folder(change.after)
        }

    def prepare(self) -> None:
        self._fault("record")
        self.file.parent.mkdir(parents=True, exist_ok=True)
        record = _Record(root=os.path.realpath(self._root), patch=self._patch, temporary=self.temporary)
        # The standard module writes names that are not UTF-8 as lone surrogates, and reads them back.
        _write_synced(self.file, json.dumps(msgspec.to_builtins(record)).encode())
        _sync_folder(self.file.parent)
        for change in self._patch.changes:
            if change.after is not None and change.path in self.temporary:
                self._fault(f"temporary {change.path}")
                self._stage(change.path, change.after)
        self._fault("intent")
        intent = self.file.with_suffix(".intent")
        self.file.rename(intent)
        self.file = intent
        _sync_folder(intent.parent)

    def _stage(self, path: str, entry: Entry) -> Path:
        place = self._root / self.temporary[path]
        place.unlink(missing_ok=True)
        write_entry(place, entry, self._store)
        if entry.kind == "file":
            _sync(place)
        return place

    def land(self) -> tuple[str, ...]:
        """Brings every path to its state after the patch, and returns those that are in neither state."""
        deleted = [change for change in self._patch.changes if change.after is None]
        written = [change for change in self._patch.changes if change.after is not None]
        left = [change.path for change in reversed(deleted) if not self._delete(change)]
        left += [change.path for change in written if not self._write(change)]
        self._fault("sync")
        for folder in {self._root, *(self._root / one for path in self._patch.paths for one in parents(path))}:
            if folder.is_dir():
                _sync_folder(folder)
        return tuple(sorted(left))

    def _delete(self, change: FileChange) -> bool:
        found = _entry(self._root, change.path)
        if found not in {None, change.before}:
            return False
        self._fault(f"delete {change.path}")
        if found is not None:
            (self._root / change.path).unlink()
        # Also where the file was gone: a crash may have come in between. What has something in it by now stays.
        empty = [change.path] if is_folder(change.before) else []
        for parent in [*empty, *reversed(parents(change.path))]:
            try:
                (self._root / parent).rmdir()
            except OSError:
                break
        return True

    def _write(self, change: FileChange) -> bool:
        if blocked_by(self._root, change.path) is not None:
            return False
        if is_folder(change.after):
            return self._make_folder(change)
        found = _entry(self._root, change.path)
        before = None if is_folder(change.before) else change.before
        if found == change.after or found != before or change.after is None:
            (self._root / self.temporary[change.path]).unlink(missing_ok=True)
            return found == change.after
        self._fault(f"write {change.path}")
        place = self._root / change.path
        place.parent.mkdir(parents=True, exist_ok=True)
        waiting = self._root / self.temporary[change.path]
        if _entry(self._root, self.temporary[change.path]) != change.after:
            waiting = self._stage(change.path, change.after)
        if place.is_dir() and not place.is_symlink():
            for empty, _, _ in os.walk(place, topdown=False):
                Path(empty).rmdir()
        waiting.replace(place)
        return True

    def _make_folder(self, change: FileChange) -> bool:
        found = _entry(self._root, change.path)
        if found not in {None, change.before}:
            return False
        self._fault(f"write {change.path}")
        place = self._root / change.path
        if found is not None:
            place.unlink()
        place.mkdir(parents=True, exist_ok=True)
        return True

    def undo(self) -> None:
        """Puts back what landed. Raises StateError when that fails too; `recover` completes the patch then."""
        back = _Writing(self._root, self._patch.inverse(), self._store, self.file.parent)
        try:
            back.land()
            self.discard()
        except OSError as error:
            raise _failed("the change landed in part; the next start completes it", error) from error

    def discard(self) -> None:
        for waiting in self.temporary.values():
            (self._root / waiting).unlink(missing_ok=True)
        self.file.unlink(missing_ok=True)

    def finish(self) -> None:
        self._fault("finish")
        self.file.unlink()
        _sync_folder(self.file.parent)


def _refuse_unsafe(root: Path, patch: Patch) -> None:
    deleted = {change.path for change in patch.changes if change.after is None}
    written = {change.path for change in patch.changes if change.after is not None}
    for change in patch.changes:
        why = wrong_with(change.path)
        blocker = None if why else blocked_by(root, change.path)
        if blocker is not None and not (change.after is None or blocker in deleted):
            why = f"{blocker!r} above it is not a folder"
        if any(parent in written for parent in parents(change.path)) and change.path in written:
            why = "the patch makes a file of a folder above it"
        if why is not None:
            raise StateError(
                f"{change.path!r} cannot be changed", why=why, hint="leave that path out of the change"
            )


def _refuse_changed(root: Path, patch: Patch, store: Store) -> None:
    """Raises StateError unless the disk is what the patch starts from; keeps what is there for an undo."""
    deleted = {change.path for change in patch.changes if change.after is None}
    changed = tuple(change.path for change in patch.changes if not _fits(root, change, deleted, store))
    if changed:
        raise _changed(changed)


def _fits(root: Path, change: FileChange, deleted: set[str], store: Store) -> bool:
    try:
        found = look(root, change.path)
    except IsADirectoryError:
        if is_folder(change.before) or is_folder(change.after):
            # Something is in it, so it is no entry, and it stays.
            return change.before is None or (is_folder(change.before) and change.after is None)
        return change.before is None and (change.after is None or _empties(root / change.path, root, deleted))
    except OSError:
        return False
    if found is None or is_folder(found[0]):
        return change.before is None or is_folder(change.before)
    store.put(found[1])
    return found[0] == change.before


def _empties(place: Path, root: Path, deleted: set[str]) -> bool:
    """Whether nothing but folders is left below `place` without the `deleted` paths."""
    return all(
        (inside.is_dir() and not inside.is_symlink()) or str(inside.relative_to(root)) in deleted
        for inside in list(place.rglob("*"))
    )


def _entry(root: Path, path: str) -> Entry | None:
    """As `look`; a folder counts as nothing, because anything may take its place while it is empty."""
    try:
        found = look(root, path)
    except IsADirectoryError:
        return None
    return None if found is None or is_folder(found[0]) else found[0]


def _beside(root: Path, path: str, name: str) -> str:
    """A new name in the nearest folder above `path` that exists: the same file system."""
    for parent in reversed(parents(path)):
        if (root / parent).is_dir() and blocked_by(root, f"{parent}/x") is None:
            return f"{parent}/{name}"
    return name


def _write_synced(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    _sync(file)


def _sync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _changed(paths: tuple[str, ...]) -> StateError:
    names = first_of(list(map(repr, paths)), _MOST_NAMES)
    return StateError(
        "the files are not as they were when the change was made",
        why=f"something else changed {names}",
        hint="look at those files, then repeat the task on the tree as it is now",
    )


def _failed(state: str, error: OSError | StateError) -> StateError:
    return StateError(
        f"a change could not be written: {state}",
        why=str(error) if isinstance(error, OSError) else f"{error.what}: {error.why}",
        hint="free some space or make the files writable, then try again",
    )
