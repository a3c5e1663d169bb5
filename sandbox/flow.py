"""What goes between two sides of the proxy: all of a tunnel, or the body of one request.

A part of the proxy's program (sandbox/proxy.py): only the standard library is imported here.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time

_CHUNK = 1 << 16
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})(?:[ \t]*;[^\r\n\0]*)?\r\n")


class BadBodyError(Exception):
    """Nobody can say where the body of a request ends."""


def body_of(headers: list[bytes]) -> int | None:
    """How many bytes come after these headers; None: chunks, which say their end.

    Raises BadBodyError where two readers could see two ends of it.
    """
    lengths, codings = (
        [
            value.strip(b" \t")
            for name, _, value in (line.partition(b":") for line in headers)
            if name.lower() == wanted
        ]
        for wanted in (b"content-length", b"transfer-encoding")
    )
    if len(lengths) + len(codings) > 1:
        raise BadBodyError("more than one length of its body")
    if codings and codings[0].lower() == b"chunked":
        return None
    if codings or (lengths and not _LENGTH.fullmatch(lengths[0])):
        raise BadBodyError("no length of its body")
    return int(lengths[0]) if lengths else 0


class Flow:
    """What goes both ways between two sides: its one clock stands still only while both are silent."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    async def read(self, reader: asyncio.StreamReader, most: int = _CHUNK) -> bytes:
        """What comes next; empty at the end. Raises TimeoutError and OSError."""
        while (left := self._last + self._seconds - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                data = await asyncio.wait_for(reader.read(most), left)
                self._last = time.monotonic()
                return data
        raise TimeoutError

    async def write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await asyncio.wait_for(writer.drain(), self._seconds)

    async def copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until it ends, which the other side is told."""
        while data := await self.read(reader):
            await self.write(writer, data)
        with contextlib.suppress(OSError):
            writer.write_eof()

    async def body(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int | None) -> None:
        """What belongs to one request, and nothing after it. What is no body ends both ways."""
        try:
            if size is None:
                await self._chunks(reader, writer)
            else:
                await self._exactly(reader, writer, size)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, BadBodyError):
            writer.transport.abort()

    async def _exactly(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int) -> None:
        while size:
            data = await self.read(reader, min(size, _CHUNK))
            if not data:
                raise asyncio.IncompleteReadError(b"", size)
            size -= len(data)
            await self.write(writer, data)

    async def _chunks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Written anew, without what else a chunk may say, and without headers after the last."""
        size = -1
        while size:
            found = _CHUNK_SIZE.fullmatch(await self._line(reader))
            if found is None:
                raise BadBodyError("no chunk")
            size = int(found[1], 16)
            await self.write(writer, b"%x\r\n" % size)
            await self._exactly(reader, writer, size)
            if size and await self._line(reader) != b"\r\n":
                raise BadBodyError("a chunk that is longer than it says")
            await self.write(writer, b"\r\n" if size else b"")
        while await self._line(reader) != b"\r\n":
            continue
        await self.write(writer, b"\r\n")

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        return await asyncio.wait_for(reader.readuntil(b"\r\n"), self._seconds)
