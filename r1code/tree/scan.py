"""Makes a snapshot of what is on disk, and reads only what changed since the last one."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.errors import StateError
from r1code.tree.entry import Entry, open_file
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
        return (self.mtime_ns, self.ctime_ns, self.size, self.inode, self.mode) == (
            found.st_mtime_ns,
            found.st_ctime_ns,
            found.st_size,
            found.st_ino,
            found.st_mode,
        )


class StatCache:
    """Remembers digests by what `lstat` says. One root has one file; a file that cannot be read is empty."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, _Known] = {}
        self._unsaved = _WORTH_SAVING
        """Learned since; a file that is not there, or is damaged, is soon written."""
        try:
            rows = msgspec.msgpack.decode(file.read_bytes(), type=dict[bytes, _Known])
        except (OSError, msgspec.DecodeError):
            return
        self._known = {os.fsdecode(path): known for path, known in rows.items()}
        self._unsaved = 0

    @property
    def known(self) -> Mapping[str, _Known]:
        return self._known

    def learn(self, path: str, found: os.stat_result, digest: str, *, now_ns: int) -> None:
        """Keeps the digest, unless a later write could leave the same time stamps behind."""
        changed_ns = max(found.st_mtime_ns, found.st_ctime_ns)
        coarse = found.st_ctime_ns % _SECOND_NS == 0
        if changed_ns < now_ns - (_COARSE_GRANULARITY_NS if coarse else _GRANULARITY_NS):
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

    def save(self, paths: Iterable[str]) -> None:
        """Writes what is known of `paths`, whole or not at all. A cache that cannot be written is no loss.

        Nor is a little that was learned: reading a few files again costs less than writing it all each time.
        """
        if self._unsaved <= _WORTH_SAVING:
            return
        rows = {os.fsencode(path): self._known[path] for path in paths if path in self._known}
        fresh = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(msgspec.msgpack.encode(rows))
            fresh.replace(self._file)
            self._unsaved = 0
        except OSError:
            fresh.unlink(missing_ok=True)


def scan(root: Path, paths: Iterable[str], store: Store, cache: StatCache | None = None) -> Snapshot:
    """The regular files and symbolic links among `paths`, their contents in the store.

    What is missing, is neither file nor link, or lies behind a link is left out.
    Raises StateError naming the files that cannot be read, and when the store cannot be written.
    """
    reader = _Reader(root, store, cache)
    entries: dict[str, Entry] = {}
    unreadable: list[str] = []
    for path in sorted(set(paths)):
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
    if cache is not None:
        cache.save(entries)
    return Snapshot(entries)


class _Reader:
    def __init__(self, root: Path, store: Store, cache: StatCache | None) -> None:
        self._root = str(root)
        self._store = store
        self._cache = cache
        self._known: Mapping[str, _Known] = {} if cache is None else cache.known
        self._real: dict[str, bool] = {"": True}
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
            if not stat.S_ISREG(found.st_mode):
                return None
            return Entry(kind="file", mode=stat.S_IMODE(found.st_mode) & 0o777, digest=self._digest(path))
        except OSError as error:
            if error.errno in _GONE:
                return None
            raise

    def _is_real(self, folder: str) -> bool:
        """Whether `folder` is reached through folders only, never through a link."""
        known = self._real.get(folder)
        if known is None:
            known = self._is_real(folder.rpartition("/")[0])
            try:
                known = known and stat.S_ISDIR(os.lstat(f"{self._root}/{folder}").st_mode)
            except (FileNotFoundError, NotADirectoryError):
                known = False
            self._real[folder] = known
        return known

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
