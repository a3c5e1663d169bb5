"""What is at one path of a work tree, and how it is read without ever leaving the tree."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Literal

from msgspec import Struct

from r1code.tree.store import digest_of

MAX_BYTES = 50_000_000
"""A larger file is not part of the work tree: it is neither copied nor kept for an undo."""

_OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Entry(Struct, frozen=True, kw_only=True):
    """A file, a symbolic link, or an empty folder: one with something in it is known by that.

    A link's digest is that of its target text, a folder's that of nothing.
    """

    kind: Literal["file", "link", "folder"]
    mode: int
    """Permission bits, 0o777 at most; 0o777 for a link, 0o755 for a folder."""
    digest: str
    """SHA-256 of the content, in hex: its name in the store."""


FOLDER = Entry(kind="folder", mode=0o755, digest=digest_of(b""))


def is_folder(entry: Entry | None) -> bool:
    return entry is not None and entry.kind == "folder"


def wrong_with(path: str) -> str | None:
    """Why `path` cannot name something in a work tree; None if it can. Looks at the name only."""
    if not path or "\0" in path:
        return "it is not a path"
    if path.startswith("/"):
        return "it is absolute"
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return "it is not in its normal form"
    if any(part.casefold() == ".git" for part in parts):
        return "git's own files are not part of the work tree"
    return None


def parents(path: str) -> list[str]:
    """The folders above `path` inside the tree, outermost first."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def blocked_by(root: Path, path: str) -> str | None:
    """The outermost parent of `path` that exists and is no real folder: a link, most often."""
    for parent in parents(path):
        try:
            mode = (root / parent).lstat().st_mode
        except FileNotFoundError:
            return None
        if not stat.S_ISDIR(mode):
            return parent
    return None


def open_file(path: Path) -> int:
    """A descriptor of the regular file at `path`; its last component is not followed. Raises OSError.

    A pipe or device there neither blocks nor is read.
    """
    descriptor = os.open(path, _OPEN_FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor


def look(root: Path, path: str) -> tuple[Entry, bytes] | None:
    """The entry at `path` and its content. None: nothing is there, or only behind a link.

    Raises IsADirectoryError for a folder with something in it, and another OSError for what is none of these,
    is too large (EFBIG) or cannot be read.
    """
    if blocked_by(root, path) is not None:
        return None
    place = root / path
    try:
        mode = place.lstat().st_mode
        if stat.S_ISLNK(mode):
            target = os.fsencode(place.readlink())
            return Entry(kind="link", mode=0o777, digest=digest_of(target)), target
        if stat.S_ISDIR(mode):
            with os.scandir(place) as inside:
                if next(inside, None) is None:
                    return FOLDER, b""
            raise IsADirectoryError(errno.EISDIR, "is a folder", path)
        with os.fdopen(open_file(place), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(data) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"is larger than {MAX_BYTES // 1_000_000} MB", path)
    return Entry(kind="file", mode=stat.S_IMODE(mode) & 0o777, digest=digest_of(data)), data
