"""The work tree as a tar stream, in both directions."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterator
from typing import IO, cast

_SPOOL_BYTES = 32_000_000
_ERRORS = "surrogateescape"


class Archive:
    """Collects members behind a prefix; `finish` gives the stream, whose owner closes it."""

    def __init__(self, prefix: bytes = b"") -> None:
        self._file = cast("IO[bytes]", tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES))  # noqa: SIM115
        self._file.write(prefix)
        self._start = len(prefix)
        self._tar = tarfile.open(  # noqa: SIM115 - both live as long as this object does
            fileobj=self._file, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8", errors=_ERRORS
        )
        self.members = 0

    def add(self, path: str, kind: str, mode: int, data: bytes) -> None:
        info = tarfile.TarInfo(path)
        info.mode = mode
        self.members += 1
        if kind == "link":
            info.type = tarfile.SYMTYPE
            info.linkname = data.decode("utf-8", _ERRORS)
            self._tar.addfile(info)
            return
        info.size = len(data)
        self._tar.addfile(info, io.BytesIO(data))

    def add_folder(self, path: str) -> None:
        info = tarfile.TarInfo(path)
        info.type = tarfile.DIRTYPE
        info.mode = 0o755
        self.members += 1
        self._tar.addfile(info)

    def finish(self) -> tuple[IO[bytes], int]:
        """The stream at its beginning, and the length of the archive in it: 0 if that is empty."""
        self._tar.close()
        length = self._file.tell() - self._start
        self._file.seek(0)
        return self._file, length if self.members else 0

    def discard(self) -> None:
        self._file.close()


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


def files(chunks: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """The regular files of a tar stream, as they come."""
    stream = cast("IO[bytes]", _Stream(chunks))
    with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8", errors=_ERRORS) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            if content is not None:
                yield member.name.removeprefix("./"), content.read()
    for _ in chunks:  # the end of the stream says whether all went well
        pass
