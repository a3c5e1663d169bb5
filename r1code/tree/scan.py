"""Makes a snapshot of what is on disk, and reads only what changed since the last one."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.errors import StateError
from r1code.tree.caches import in_cache
from r1code.tree.entry import FOLDER, MAX_BYTES, Entry, open_file, wrong_with
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store, digest_of

_GRANULARITY_NS = 50_000_000
_COARSE_GRANULARITY_NS = 2_000_000_000
_SECOND_NS = 1_000_000_000
_WORTH_SAVING = 20
"""Files."""

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL})
"""Removed, or replaced by something else, after it was listed."""


class _Known(Struct, frozen=True, array_like=True):
    """What `lstat` said when a content was read, and the content's digest."""

    mtime_ns: int
    ctime_ns: int
    size: int
    inode: int
    mode: int
    digest: str

    def fits(self, found: os.stat_result) -> bool:
        return (
            self.ctime_ns == found.st_ctime_ns
            and self.mtime_ns == found.st_mtime_ns
            and self.size == found.st_size
            and self.inode == found.st_ino
            and self.mode == found.st_mode
        )


class _Inside(Struct, frozen=True, array_like=True):
    """What `lstat` said of a folder when it was listed, and the names of the folders in it."""

    mtime_ns: int
    ctime_ns: int
    inode: int
    folders: tuple[bytes, ...]


class _Rows(Struct, frozen=True, array_like=True):
    files: dict[bytes, _Known]
    folders: dict[bytes, _Inside]


class StatCache:
    """Remembers digests by what `lstat` says. One root has one file; a file that cannot be read is empty."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, _Known] = {}
        self._inside: dict[str, _Inside] = {}
        self._unsaved = _WORTH_SAVING
        """Learned since; a file that is not there, or is damaged, is soon written."""
        try:
            rows = msgspec.msgpack.decode(file.read_bytes(), type=_Rows)
        except (OSError, msgspec.DecodeError):
            return
        self._known = {os.fsdecode(path): known for path, known in rows.files.items()}
        self._inside = {os.fsdecode(path): inside for path, inside in rows.folders.items()}
        self._unsaved = 0

    @property
    def known(self) -> Mapping[str, _Known]:
        return self._known

    def learn(self, path: str, found: os.stat_result, digest: str, *, now_ns: int) -> None:
        """Keeps the digest, unless a later write could leave the same time stamps behind."""
        if _is_settled(found, now_ns):
            self._unsaved += 1
            self._known[path] = _Known(
                mtime_ns=found.st_mtime_ns,
                ctime_ns=found.st_ctime_ns,
                size=found.st_size,
                inode=found.st_ino,
                mode=found.st_mode,
                digest=digest,
            )
        elif self._known.pop(path, None) is not None:
            self._unsaved += 1

    def folders_in(self, root: str, folder: str, found: os.stat_result, *, now_ns: int) -> tuple[bytes, ...]:
        """The names of the folders in one that `lstat` said this of; none where it cannot be listed."""
        known = self._inside.get(folder)
        stamps = (found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        if known is not None and (known.mtime_ns, known.ctime_ns, known.inode) == stamps:
            return known.folders
        names = folders_in(f"{root}/{folder}")
        if _is_settled(found, now_ns):
            self._unsaved += 1
            self._inside[folder] = _Inside(*stamps, names)
        return names

    def save(self, paths: Iterable[str], folders: Iterable[str]) -> None:
        """Writes what is known of `paths`, whole or not at all. A cache that cannot be written is no loss.

        Nor is a little that was learned: reading a few files again costs less than writing it all each time.
        """
        if self._unsaved <= _WORTH_SAVING:
            return
        rows = _Rows(
            files={os.fsencode(path): self._known[path] for path in paths if path in self._known},
            folders={os.fsencode(path): self._inside[path] for path in folders if path in self._inside},
        )
        fresh = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(msgspec.msgpack.encode(rows))
            fresh.replace(self._file)
            self._unsaved = 0
        except OSError:
            fresh.unlink(missing_ok=True)


def _is_settled(found: os.stat_result, now_ns: int) -> bool:
    """Whether any later change would show in the time stamps."""
    coarse = found.st_ctime_ns % _SECOND_NS == 0
    changed_ns = max(found.st_mtime_ns, found.st_ctime_ns)
    return changed_ns < now_ns - (_COARSE_GRANULARITY_NS if coarse else _GRANULARITY_NS)


def folders_in(folder: str) -> tuple[bytes, ...]:
    try:
        with os.scandir(folder) as inside:
            return tuple(os.fsencode(one.name) for one in inside if one.is_dir(follow_symlinks=False))
    except OSError:
        return ()


def _none(_: list[str]) -> set[str]:
    return set()


class Listing(Struct, frozen=True):
    """What belongs to a work tree."""

    files: Callable[[], list[str]]
    """The paths of files and links, also of some that do not exist."""
    ignored: Callable[[list[str]], set[str]] = _none
    """Those of these paths that do not belong to it; folders end with a slash."""


def scan(
    root: Path,
    paths: Iterable[str],
    store: Store,
    cache: StatCache | None = None,
    *,
    ignored: Callable[[list[str]], set[str]] = _none,
    large: list[str] | None = None,
) -> Snapshot:
    """The regular files and symbolic links among `paths`, their contents in the store, and the empty folders.

    What is missing, is neither file nor link, lies behind a link, or is too large (`large` gets the paths of
    these) is left out.
    Raises StateError naming the files that cannot be read, and when the store cannot be written.
    """
    reader = _Reader(root, store, cache)
    entries: dict[str, Entry] = {}
    unreadable: list[str] = []
    # Sorted before it is a set: nearly always it is in order already.
    for path in dict.fromkeys(sorted(paths)):
        try:
            entry = reader.entry(path)
        except PermissionError:
            unreadable.append(path)
            continue
        if entry is not None:
            entries[path] = entry
    if unreadable:
        raise StateError(
            f"{len(unreadable)} files of the work tree cannot be read",
            why=f"no permission for {', '.join(map(repr, unreadable[:5]))}",
            hint="make them readable, or add them to .gitignore",
        )
    empty = reader.empty_folders()
    dropped = ignored([f"{path}/" for path in empty]) if empty else set[str]()
    kept = [path for path in empty if f"{path}/" not in dropped]
    if kept:
        store.put(b"", durable=False)
        entries = dict(sorted((entries | dict.fromkeys(kept, FOLDER)).items()))
    if cache is not None:
        cache.save(entries, reader.folders)
    if large is not None:
        large[:] = reader.large
    return Snapshot(entries)


class _Reader:
    def __init__(self, root: Path, store: Store, cache: StatCache | None) -> None:
        self._root = str(root)
        self._store = store
        self._cache = cache
        self._known: Mapping[str, _Known] = {} if cache is None else cache.known
        self._real: dict[str, bool] = {"": True}
        self.folders: dict[str, os.stat_result] = {"": root.lstat()}
        """Those that were met on the way to the files."""
        self.large: list[str] = []
        self._now_ns = time.time_ns()
        self._stored = store.names() if cache is not None else set[str]()

    def entry(self, path: str) -> Entry | None:
        place = f"{self._root}/{path}"
        if not self._is_real(path.rpartition("/")[0]):
            return None
        try:
            found = os.lstat(place)
            known = self._known.get(path)
            # Nearly all files end here, and there are many.
            if known is not None and known.digest in self._stored and known.fits(found):
                return Entry(kind="file", mode=known.mode & 0o777, digest=known.digest)
            if stat.S_ISLNK(found.st_mode):
                target = os.fsencode(Path(place).readlink())
                return Entry(kind="link", mode=0o777, digest=self._store.put(target, durable=False))
            if not stat.S_ISREG(found.st_mode) or self._is_large(path, found):
                return None
            return Entry(kind="file", mode=stat.S_IMODE(found.st_mode) & 0o777, digest=self._digest(path))
        except OSError as error:
            if error.errno in _GONE:
                return None
            raise

    def _is_large(self, path: str, found: os.stat_result) -> bool:
        if found.st_size > MAX_BYTES:
            self.large.append(path)
        return found.st_size > MAX_BYTES

    def _is_real(self, folder: str) -> bool:
        """Whether `folder` is reached through folders only, never through a link."""
        known = self._real.get(folder)
        if known is None:
            known = self._is_real(folder.rpartition("/")[0])
            if known:
                try:
                    found = os.lstat(f"{self._root}/{folder}")
                except (FileNotFoundError, NotADirectoryError):
                    known = False
                else:
                    known = stat.S_ISDIR(found.st_mode)
                    if known:
                        self.folders[folder] = found
            self._real[folder] = known
        return known

    def empty_folders(self) -> list[str]:
        """Those without anything in them but empty folders, the innermost; beside the files that were read."""
        cache = StatCache(Path(os.devnull)) if self._cache is None else self._cache
        found: list[str] = []
        for folder, stat_result in self.folders.items():
            for name in cache.folders_in(self._root, folder, stat_result, now_ns=self._now_ns):
                path = f"{folder}/{os.fsdecode(name)}" if folder else os.fsdecode(name)
                if path not in self.folders and wrong_with(path) is None and not in_cache(path):
                    found += _innermost(self._root, path)
        return found

    def _digest(self, path: str) -> str:
        with os.fdopen(open_file(Path(self._root, path)), "rb") as file:
            opened = os.fstat(file.fileno())
            data = file.read()
            after = os.fstat(file.fileno())
        digest = digest_of(data)
        self._store.put(data, durable=False)
        if self._cache is not None and (opened.st_ctime_ns, len(data)) == (after.st_ctime_ns, after.st_size):
            self._cache.learn(path, opened, digest, now_ns=self._now_ns)
        return digest


def _innermost(root: str, folder: str) -> list[str]:
    """The empty folders in `folder`, itself included; none if it holds anything else, for that is not listed."""
    empty: list[str] = []
    for place, folders, files in os.walk(f"{root}/{folder}"):
        if files or any(Path(place, name).is_symlink() for name in folders):
            return []
        if not folders:
            empty.append(os.path.relpath(place, root))
    return empty
