"""What a streamed answer shows, and when: the arithmetic of all times, without a clock of its own."""

from __future__ import annotations

import math

import msgspec
from msgspec import Struct

_STEP = math.log(1.02)
"""A gap is known to about one part in a hundred: what lies within 2 % is counted as one."""
_SMALLEST = 1e-6


class Gaps(Struct):
    """How often there was which time between two pieces of an answer: small, however many there were."""

    counts: dict[int, int] = {}

    def add(self, seconds: float) -> None:
        at = round(math.log(max(seconds, _SMALLEST)) / _STEP)
        self.counts[at] = self.counts.get(at, 0) + 1

    def join(self, other: Gaps) -> None:
        for at, count in other.counts.items():
            self.counts[at] = self.counts.get(at, 0) + count

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    @property
    def mean(self) -> float:
        total = sum(count * math.exp(at * _STEP) for at, count in self.counts.items())
        return total / self.count if self.counts else 0.0

    def quantile(self, share: float) -> float | None:
        """None: there was no gap."""
        left = share * (self.count - 1)
        for at in sorted(self.counts):
            left -= self.counts[at]
            if left < 0:
                return math.exp(at * _STEP)
        return None


class _Details(Struct):
    cached_tokens: int | None = None


class _Usage(Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_cache_hit_tokens: int | None = None
    prompt_tokens_details: _Details | None = None


class _Delta(Struct):
    content: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None


class _Choice(Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Error(Struct):
    message: str = ""
    type: str | None = None


class _Event(Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: _Error | str | None = None


class Answer:
    """Is told the bytes of one answer as they come, with the time; `sent` is when its request went out."""

    def __init__(self, sent: float) -> None:
        self.sent = sent
        self.first: float | None = None
        """When the first text came, of reasoning or answer."""
        self.last: float | None = None
        self.pieces = 0
        self.gaps = Gaps(counts={})
        self.finish: str | None = None
        self.prompt: int | None = None
        self.cached: int | None = None
        self.completion: int | None = None
        self.error: str | None = None
        """What the server said in the stream instead of going on."""
        self.done = False
        self._rest = b""

    def feed(self, data: bytes, now: float) -> None:
        """Raises ValueError for what is no stream of a chat completion."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._read(line[5:].strip(), now)

    def _read(self, data: bytes, now: float) -> None:
        if data == b"[DONE]":
            self.done = True
            return
        try:
            event = msgspec.json.decode(data, type=_Event)
        except msgspec.MsgspecError as error:
            raise ValueError(str(error)) from error
        if event.error is not None:
            self.error = event.error if isinstance(event.error, str) else event.error.message
        for choice in event.choices or ():
            delta = choice.delta or _Delta()
            if delta.content or delta.reasoning or delta.reasoning_content:
                self._piece(now)
            self.finish = choice.finish_reason or self.finish
        if event.usage is not None:
            self._counted(event.usage)

    def _piece(self, now: float) -> None:
        if self.last is None:
            self.first = now
        else:
            self.gaps.add(now - self.last)
        self.last = now
        self.pieces += 1

    def _counted(self, usage: _Usage) -> None:
        details = usage.prompt_tokens_details
        self.prompt, self.completion = usage.prompt_tokens, usage.completion_tokens
        cached = None if details is None else details.cached_tokens
        self.cached = usage.prompt_cache_hit_tokens if cached is None else cached

    @property
    def ttft(self) -> float | None:
        """Seconds from the request to the first text."""
        return None if self.first is None else self.first - self.sent

    @property
    def tpot(self) -> float | None:
        """Seconds for each token after the first, as the server counts tokens. None: there was no second."""
        later = (self.completion or 0) - 1
        if self.first is None or self.last is None or later < 1:
            return None
        return (self.last - self.first) / later
