"""The work tree as a tar stream, in both directions."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import IO, cast

from r1code.errors import SandboxError

_SPOOL_BYTES = 32_000_000
_ERRORS = "surrogateescape"
_NOT_OUT = "changed files could not be copied out"
_MALFORMED = (tarfile.TarError, ValueError, OverflowError)
_MEMBER_BYTES = 4 * 4096
"""More than all that stands around a content: padding, and headers with the longest name."""
_TYPES = {"file": tarfile.REGTYPE, "link": tarfile.SYMTYPE, "folder": tarfile.DIRTYPE}


class Archive:
    """Collects members behind a prefix; `finish` gives the stream, whose owner closes it."""

    def __init__(self, prefix: bytes = b"") -> None:
        with ExitStack() as stack:
            self._file = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES))
            self._owned = stack.pop_all()
        self._file.write(prefix)
        self._length = 0

    def add(self, path: str, kind: str, mode: int, data: bytes) -> None:
        """`kind`: file, link (`data` is its target) or folder."""
        info = tarfile.TarInfo(path)
        info.type = _TYPES[kind]
        info.mode = mode
        content = b""
        if kind == "link":
            info.linkname = data.decode("utf-8", _ERRORS)
        elif kind == "file":
            info.size = len(data)
            content = data + bytes(-len(data) % tarfile.BLOCKSIZE)
        self._write(info.tobuf(tarfile.GNU_FORMAT, "utf-8", _ERRORS))
        self._write(content)

    def finish(self) -> tuple[IO[bytes], int]:
        """The stream at its beginning, and the length of the archive in it: 0 if that is empty."""
        if self._length:
            self._write(bytes(2 * tarfile.BLOCKSIZE))
        self._owned.pop_all()
        self._file.seek(0)
        return cast("IO[bytes]", self._file), self._length

    def discard(self) -> None:
        """Releases what was not finished."""
        self._owned.close()

    def _write(self, data: bytes) -> None:
        self._length += len(data)
        self._file.write(data)


class _Stream:
    """What tarfile wants to read from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._pending = b""

    def read(self, size: int) -> bytes:
        parts = [self._pending]
        have = len(self._pending)
        while have < size and (chunk := next(self._chunks, b"")):
            parts.append(chunk)
            have += len(chunk)
        data = b"".join(parts)
        self._pending = data[size:]
        return data[:size]


def most_bytes(sizes: Iterable[int]) -> int:
    """How long an archive of files with these sizes can be."""
    return tarfile.RECORDSIZE + sum(size + _MEMBER_BYTES for size in sizes)


def files(chunks: Iterator[bytes], most: int) -> Iterator[tuple[str, bytes]]:
    """The regular files of a tar stream, as they come. Raises SandboxError, and what `chunks` raises.

    Whoever wrote the stream is not trusted: no more than `most` bytes of it are read.
    """
    chunks = _bounded(chunks, most)
    stream = cast("IO[bytes]", _Stream(chunks))
    try:
        with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8", errors=_ERRORS) as tar:
            for member in tar:
                # A few bytes can say that they stand for any number of zeros.
                plain = member.isreg() and not member.issparse()
                content = tar.extractfile(member) if plain else None
                if content is not None:
                    yield member.name.removeprefix("./"), content.read()
    except _MALFORMED as error:
        raise SandboxError(
            _NOT_OUT,
            why=f"what came is no tar archive: {error}",
            hint="try again; if it happens again, use another image or sandbox",
        ) from error
    for _ in chunks:  # the end of the stream says whether all went well
        pass


def _bounded(chunks: Iterator[bytes], most: int) -> Iterator[bytes]:
    for chunk in chunks:
        most -= len(chunk)
        if most < 0:
            raise SandboxError(
                _NOT_OUT,
                why="more came than there was: they grew while they were copied",
                hint="try again; if it happens again, use another image or sandbox",
            )
        yield chunk
