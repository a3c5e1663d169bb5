"""Small files in the state folder: what a person decided about a folder, read and written whole."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

_DIGITS = 16


def place_of(folder: Path, root: Path) -> Path:
    """Where in `folder` the file about the work tree `root` is, by its real path."""
    return folder / f"{hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:_DIGITS]}.json"


def named(path: Path) -> str:
    """A path as text that JSON can carry."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


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
