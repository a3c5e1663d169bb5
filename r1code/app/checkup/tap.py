"""A stream of events as the server wrote it: names of fields, pieces, and when they came."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct


class _Choice(Struct):
    delta: dict[str, Any] | None = None


class _Event(Struct):
    choices: list[_Choice] | None = None
    usage: dict[str, Any] | None = None


class Tap:
    """Is given nothing when a request goes out, then the bytes of its answer; what is no event is left out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rest = b""
        self._last: float | None = None
        self.started = clock()
        self.first: float | None = None
        """When the first text of the answer came."""
        self.fields: list[str] = []
        self.deltas = self.reads = self.comments = 0
        self.silence = 0.0
        self.reasoned: int | None = None

    def __call__(self, data: bytes) -> None:
        now = self._clock()
        if not data:
            self.started = now
            return
        if self._last is not None and self.first is not None:
            self.silence = max(self.silence, now - self._last)
        self._last = now
        before = self.deltas
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._read(line.strip(), now)
        self.reads += self.deltas > before

    @property
    def seconds(self) -> float:
        """From the request to the last byte."""
        return (self._last or self.started) - self.started

    def _read(self, line: bytes, now: float) -> None:
        if line.startswith(b":"):
            self.comments += 1
        if not line.startswith(b"data:"):
            return
        try:
            event = msgspec.json.decode(line[5:], type=_Event)
        except msgspec.MsgspecError:
            return
        for choice in event.choices or ():
            texts = [name for name, value in (choice.delta or {}).items() if value and name != "role"]
            if texts:
                self.deltas += 1
                self.first = now if self.first is None else self.first
            self.fields += [name for name in texts if name not in self.fields]
        details = (event.usage or {}).get("completion_tokens_details")
        if isinstance(details, dict):
            counted = msgspec.convert(details, type=dict[str, Any]).get("reasoning_tokens")
            self.reasoned = counted if isinstance(counted, int) else None
