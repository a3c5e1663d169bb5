"""The events of a stream as the gateway reads them: what was used, whether it is whole, what the client sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw, Struct

from r1code.serving.gateway.store import Used

MOST = 8 << 20
"""Bytes of one event."""
_END = re.compile(rb"\r?\n\r?\n")


class _Usage(Struct):
    prompt_tokens: int = 0
    completion_tokens: int | None = None


class _Chunk(Struct):
    choices: list[Raw] = []
    usage: _Usage | None = None
    error: Any = None


class TooLongError(Exception):
    """An event that does not end."""


class Events:
    """Cuts a stream into events, each without the empty line after it."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._searched = 0

    def fed(self, data: bytes) -> Iterator[bytes]:
        """Raises TooLongError."""
        self._rest += data
        while (end := _END.search(self._rest, max(0, self._searched - 3))) is not None:
            event = bytes(self._rest[: end.start()])
            del self._rest[: end.end()]
            self._searched = 0
            yield event
        self._searched = len(self._rest)
        if len(self._rest) > MOST:
            raise TooLongError


class Tally:
    """Counts what an answer used, while it goes by."""

    def __init__(self, estimated_input: int, *, shows_usage: bool, shows_running_usage: bool) -> None:
        self._input = estimated_input
        self._seen = 0
        self._counted: int | None = None
        self._final = False
        self._shows_usage = shows_usage
        self._shows_running_usage = shows_running_usage
        self.done = False
        """The server said that this is all."""
        self.error = False
        """It said that it failed."""

    @property
    def used(self) -> Used:
        """A piece is a token at least; what a server counted is better."""
        output = self._seen if self._counted is None else self._counted
        return Used(input=self._input, output=output, estimated=not self._final)

    @property
    def begun(self) -> bool:
        return self._seen > 0 or self._counted is not None

    def shown(self, event: bytes) -> bytes | None:
        """What the client sees of an event; None: nothing. Raises MsgspecError where it cannot be read."""
        data = b"\n".join(line[5:].strip() for line in event.splitlines() if line.startswith(b"data:"))
        if not data:
            # A comment, which keeps the connection alive.
            return b": \n\n" if event.startswith(b":") else None
        if data == b"[DONE]":
            self.done = True
            return b"data: [DONE]\n\n"
        chunk = msgspec.json.decode(data, type=_Chunk)
        self.error = self.error or chunk.error is not None
        self._count(chunk)
        if chunk.usage is None:
            return b"data: " + data + b"\n\n"
        last = not chunk.choices
        if last and chunk.error is None and not self._shows_usage:
            return None
        if last or self._shows_running_usage:
            return b"data: " + data + b"\n\n"
        fields = msgspec.json.decode(data, type=dict[str, Raw])
        del fields["usage"]
        return b"data: " + msgspec.json.encode(fields) + b"\n\n"

    def refused(self) -> None:
        """The server did nothing for it."""
        self._input, self._counted, self._final = 0, 0, True

    def whole(self, body: bytes) -> None:
        """An answer that is no stream. Raises MsgspecError where it is none that can be read."""
        chunk = msgspec.json.decode(body, type=_Chunk)
        self.done = True
        self._count(chunk)
        self._final = chunk.usage is not None

    def _count(self, chunk: _Chunk) -> None:
        self._seen += bool(chunk.choices)
        if chunk.usage is not None:
            self._input = chunk.usage.prompt_tokens
            self._counted = chunk.usage.completion_tokens or 0
            self._final = not chunk.choices
