"""How servers say that a conversation is too long, and which numbers they name."""

from __future__ import annotations

import re

from msgspec import Struct

_SAID = re.compile(
    r"context.{0,20}(length|size|window)|maximum context|too many (input )?tokens|(prompt|input) is too long"
    r"|range of input length should be",
    re.IGNORECASE,
)
_WINDOW = (
    r"context (?:length|window|size) (?:is|of|\()\s*(?:only )?(\d+)",
    r"tokens > (\d+) maximum",
    r"range of input length should be \[1, (\d+)\]",
)
_PROMPT = (
    r"(?:contains|passed) (?:at least )?(\d+) input tokens",
    r"\((\d+) (?:in (?:the|your) (?:messages|prompt)|of text input)",
    r"(\d+) tokens from the input messages",
    r"(?:request|input) \((\d+) tokens\)",
    r"messages resulted in (\d+) tokens",
    r"(\d+) tokens > \d+ maximum",
)
_ASKED = (
    r"(\d+) (?:tokens )?(?:in|for)\s+the (?:completion|output)",
    r"requested (\d+) output tokens",
)
_LIMITS = (
    r"max_tokens=\d+ cannot be greater than max_model_len=(\d+)",
    r"the valid range of max_tokens is \[1, (\d+)\]",
    r"max_tokens is too large.*?at most (\d+)",
)


class Overflow(Struct, frozen=True, kw_only=True):
    """In tokens; None: not said. `prompt` may be a lower bound: vLLM does not count on beyond its window."""

    window: int | None
    prompt: int | None
    asked: int | None


def read_overflow(said: str) -> Overflow | None:
    """None: a server that says so means something else."""
    if _SAID.search(said) is None:
        return None
    return Overflow(window=_number(_WINDOW, said), prompt=_number(_PROMPT, said), asked=_number(_ASKED, said))


def longest_answer(said: str) -> int | None:
    """The most tokens of an answer, where a server says that more were asked for; None: it says no such thing."""
    return _number(_LIMITS, said)


def _number(patterns: tuple[str, ...], said: str) -> int | None:
    found = (re.search(pattern, said, re.IGNORECASE | re.DOTALL) for pattern in patterns)
    return next((int(match[1]) for match in found if match), None)
