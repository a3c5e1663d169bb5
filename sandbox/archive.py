"""The work tree as a tar stream, in both directions."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, NamedTuple, cast

from r1code.errors import SandboxError
from r1code.tree.entry import Entry
from r1code.tree.store import Store

UNFRAME = """while IFS= read -r size && [ "$size" -gt 0 ]; do
  dd bs=65536 count="$size" iflag=fullblock,count_bytes status=none
done"""
"""Prints what `framed` sends. So an archive may begin before its length is known, with one program a part."""
_FIRST_BYTES = 1 << 17
_MOST_BYTES = 1 << 22
"""Of a part, about: small ones at first, so that the other side begins at once."""
_ERRORS = "surrogateescape"
_NOT_OUT = "changed files could not be copied out"
_MALFORMED = (tarfile.TarError, ValueError, OverflowError)
_MEMBER_BYTES = 4 * 4096
"""More than all that stands around a content: padding, and headers with the longest name."""
_SHORT = 100
"""Bytes of a name that fits into one header."""
_OWNER = b"%07o\0" % 0 * 2
_TIME = b"%011o\0" % 0
_REST = b"0".ljust(101, b"\0") + b"ustar  ".ljust(255, b"\0")
"""Type, target, magic, and what is empty."""
_REST_SUM = sum(_OWNER) + sum(_TIME) + sum(_REST) + 8 * ord(" ")
_TYPES = {"file": tarfile.REGTYPE, "link": tarfile.SYMTYPE, "folder": tarfile.DIRTYPE}


class _Member(NamedTuple):
    path: str
    kind: str
    mode: int
    content: bytes | str
    """A file's content, or its digest in the store; a link's target."""


class Archive:
    """What is sent, in parts. Contents that lie in `store` are read, and checked, only as it is iterated.

    Iterating raises StateError where the store lacks a content, or has a damaged one.
    """

    def __init__(self, store: Store | None = None) -> None:
        self._store = store
        self._members: list[_Member] = []

    def __bool__(self) -> bool:
        return bool(self._members)

    def add(self, path: str, kind: str, mode: int, data: bytes) -> None:
        """`kind`: file, link (`data` is its target) or folder."""
        self._members.append(_Member(path, kind, mode, data))

    def add_entry(self, path: str, entry: Entry) -> None:
        self._members.append(_Member(path, entry.kind, entry.mode, entry.digest))

    def __iter__(self) -> Iterator[bytes]:
        parts: list[bytes] = []
        size, most = 0, _FIRST_BYTES
        for member in self._members:
            data = self._content(member)
            if member.kind == "file":
                padding = bytes(-len(data) % tarfile.BLOCKSIZE)
                parts += (_file_head(member.path, member.mode, len(data)), data, padding)
                size += len(data)
            else:
                parts.append(_any_head(member.path, member.kind, member.mode, target=data))
            size += tarfile.BLOCKSIZE
            if size >= most:
                yield b"".join(parts)
                parts, size, most = [], 0, min(2 * most, _MOST_BYTES)
        yield b"".join((*parts, bytes(2 * tarfile.BLOCKSIZE)))

    def _content(self, member: _Member) -> bytes:
        if isinstance(member.content, bytes):
            return member.content
        if self._store is None:
            raise ValueError("an archive of entries needs the store of their contents")
        return self._store.get(member.content)


def ahead(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same, but each is made while the one before it is used."""
    coming = iter(parts)
    with ThreadPoolExecutor(1, "r1code-archive") as pool:
        following = pool.submit(next, coming, None)
        while (part := following.result()) is not None:
            following = pool.submit(next, coming, None)
            yield part


def framed(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Each part behind its length in a line of its own, then a line with 0: for UNFRAME in a shell."""
    for part in parts:
        yield b"%d\n" % len(part)
        yield part
    yield b"0\n"


def _file_head(path: str, mode: int, size: int) -> bytes:
    """What stands before a file's content: as tarfile makes it, but quicker where the name is short."""
    name = path.encode("utf-8", _ERRORS)
    if len(name) > _SHORT:
        return _any_head(path, "file", mode, size=size)
    told = b"%07o\0" % mode, b"%011o\0" % size
    total = sum(name) + sum(told[0]) + sum(told[1]) + _REST_SUM
    return b"%b%b%b%b%b%06o\0 %b" % (name.ljust(_SHORT, b"\0"), told[0], _OWNER, told[1], _TIME, total, _REST)


def _any_head(path: str, kind: str, mode: int, *, size: int = 0, target: bytes = b"") -> bytes:
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.size = _TYPES[kind], mode, size
    info.linkname = target.decode("utf-8", _ERRORS)
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", _ERRORS)


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


class GrewError(SandboxError):
    """More came than was to come."""


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
            raise GrewError(
                _NOT_OUT,
                why="more came than there was: they grew while they were copied",
                hint="try again; if it happens again, use another image or sandbox",
            )
        yield chunk
