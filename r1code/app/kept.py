"""Small files of the user: what they decided, read and written whole."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from r1code.errors import UsageError

_DIGITS = 16


def place_of(folder: Path, root: Path) -> Path:
    """Where in `folder` the file about the work tree `root` is, by its real path."""
    return folder / f"{hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:_DIGITS]}.json"


def named(path: Path) -> str:
    """A path as text that JSON can carry."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@contextmanager
def alone(file: Path) -> Generator[None, None, None]:
    """While the block runs, nobody else who uses this changes what lies beside `file`. Not to be nested.

    Who reads, changes and writes a file loses nothing that another process writes meanwhile. Raises UsageError.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = os.open(file.parent, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written", why=str(error), hint="free some space, or fix its permissions"
        ) from error
    try:
        # Some network file systems have no locks.
        with suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def write_private(file: Path, data: bytes) -> None:
    """Replaces the file in one step; nobody but its owner can read it. Raises OSError, with the old one there."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Such files have the mode 0600 from the beginning, and a name that no other process has.
    descriptor, fresh = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as written:
            written.write(data)
        Path(fresh).replace(file)
    except OSError:
        with suppress(OSError):
            Path(fresh).unlink()
        raise
