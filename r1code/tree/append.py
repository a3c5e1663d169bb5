"""A line at the end of a log: on disk when it returns, or not there at all."""

from __future__ import annotations

import os
from contextlib import suppress
from io import FileIO


def append(file: FileIO, line: bytes) -> None:
    """`file`: opened for appending, without a buffer. Raises OSError, with the file as it was.

    A kill in between may leave a part of the line; who reads the log drops it.
    """
    size = file.tell()
    rest = memoryview(line)
    try:
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            file.truncate(size)
        raise
