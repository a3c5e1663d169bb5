"""Counts the tokens of a stream while it comes: exactly where it matters, cheaply elsewhere."""

from __future__ import annotations

from r1code.profiles.tokenizers import Tokenizer

_PART = 512
"""Characters that are collected before they are counted."""


class Counter:
    """Linear in the length of the stream. What was counted in parts may be a few tokens more than the whole."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._counted = 0
        self._rest = ""

    def feed(self, text: str) -> None:
        self._rest += text
        if len(self._rest) >= _PART:
            # Words end at blanks: a count up to one is right for what comes after it, too.
            end = max(self._rest.rfind(" "), self._rest.rfind("\n")) if len(self._rest) < 4 * _PART else -1
            end = end if end > 0 else len(self._rest)
            self._counted += self._tokenizer.count(self._rest[:end])
            self._rest = self._rest[end:]

    def reached(self, limit: int) -> bool:
        """Whether so many tokens came. What cannot have reached it is not counted."""
        # A token is at least one byte, and a character at most four.
        if self._counted + 4 * len(self._rest) < limit:
            return False
        return self.tokens >= limit

    @property
    def tokens(self) -> int:
        return self._counted + (self._tokenizer.count(self._rest) if self._rest else 0)
