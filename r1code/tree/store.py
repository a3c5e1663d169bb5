"""Contents by their SHA-256, in a folder of ours: the user's object store is not ours to fill."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path

from r1code.errors import StateError

_CLONE = 0x40049409
"""FICLONE of linux/fs.h."""


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Store:
    """Safe for several processes: a content is written whole under a temporary name, then renamed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._root = str(folder)
        self._clones = sys.platform == "linux"
        """Whether the file system may be able to."""
        self._checked: set[str] = set()
        """Contents that were read, and were right, before something was linked to them."""

    def _path(self, digest: str) -> Path:
        return Path(f"{self._root}/{digest[:2]}/{digest[2:]}")

    def names(self) -> set[str]:
        """All that are there. One look at each folder is quicker than one at each of thousands of contents."""
        found: set[str] = set()
        for number in range(256):
            start = f"{number:02x}"
            with suppress(FileNotFoundError):
                found.update(f"{start}{place.name}" for place in os.scandir(self.folder / start))
        return found

    def put(self, data: bytes, *, durable: bool = True) -> str:
        """Keeps `data` and returns its digest. Raises StateError when it cannot be written.

        Not `durable`: it outlives this process at once, but perhaps not a power cut.
        """
        digest = digest_of(data)
        path = self._path(digest)
        # After a power cut the name may be there without the content.
        with suppress(FileNotFoundError):
            if path.stat().st_size == len(data):
                os.utime(path)  # Young again: nobody sweeps it.
                return digest
        fresh = path.with_name(f".new-{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("xb") as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink()
            raise StateError(
                "a file's content could not be stored",
                why=f"writing under {self.folder} failed: {error}",
                hint="free some space, or point R1CODE_STATE_DIR at a folder with room",
            ) from error
        return digest

    def get(self, digest: str) -> bytes:
        """The content. Raises StateError when it is missing or damaged."""
        try:
            # Whole trees are read so: with as few calls as there can be.
            descriptor = os.open(f"{self._root}/{digest[:2]}/{digest[2:]}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                data = os.read(descriptor, os.fstat(descriptor).st_size)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StateError(
                "a stored content is missing",
                why=f"{digest[:12]} cannot be read from {self.folder}: {error}",
                hint="the state folder was changed by something else; start a new session",
            ) from error
        if digest_of(data) != digest:
            raise StateError(
                "a stored content is damaged",
                why=f"{digest[:12]} in {self.folder} does not match its digest",
                hint="remove that file and start a new session",
            )
        return data

    def share(self, digest: str, place: Path, mode: int, *, linked: bool) -> bool:
        """Makes a file at `place`, where nothing is, without a copy of the content; False: that cannot be done.

        It shares blocks until it is written to, where the file system can do that. Else, if `linked`, it is the
        stored file itself: for places where nothing is ever written to, only replaced. Raises StateError.
        """
        if not (linked or self._clones):
            return False
        if digest not in self._checked:
            self.get(digest)
            self._checked.add(digest)
        source = self._path(digest)
        try:
            if self._clones and self._cloned(source, place, mode):
                return True
            if not linked or stat.S_IMODE(source.stat().st_mode) != mode:
                return False
            place.hardlink_to(source)
        except OSError:
            # Another file system, or one that has no links, or no more of them.
            return False
        return True

    def _cloned(self, source: Path, place: Path, mode: int) -> bool:
        with source.open("rb", buffering=0) as old, place.open("xb", buffering=0) as new:
            try:
                fcntl.ioctl(new, _CLONE, old.fileno())
            except OSError:
                self._clones = False
            else:
                os.fchmod(new.fileno(), mode)
        if not self._clones:
            place.unlink()
        return self._clones

    def sweep(self, needed: set[str], *, older_seconds: float = 86_400) -> int:
        """Removes the contents that are not `needed`, but none that is younger; how many were removed.

        A running session keeps contents before anything names them, so young ones stay.
        """
        until = time.time() - older_seconds
        removed = 0
        for place in self.folder.glob("??/*"):
            with suppress(FileNotFoundError):
                if f"{place.parent.name}{place.name}" not in needed and place.stat().st_mtime < until:
                    place.unlink()
                    removed += 1
        return removed
