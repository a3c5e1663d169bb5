"""The stream splitter: which part of an answer is reasoning. The same result at every chunk split."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

OPEN = "<think>"
CLOSE = "</think>"
TAG = re.compile(f"{re.escape(OPEN)}|{re.escape(CLOSE)}")
_MOST_BLANK = 256
"""More white space than this before an opening tag, and it is no opening tag."""

ReasoningStart = Literal["in_prompt", "tag", "field", "none"]
"""Where reasoning starts: the prompt ends with the opening tag | the answer carries it | the server splits it
off into a field of its own | the model does not reason."""


class Piece(Struct, frozen=True, gc=False):
    """A piece to show. `was_reasoning` carries no text: all answer pieces so far were reasoning."""

    kind: Literal["reasoning", "answer", "was_reasoning"]
    text: str = ""


class Split(Struct, frozen=True, kw_only=True):
    reasoning: str
    answer: str
    """Verbatim: what follows the first closing tag, further tags included."""
    closed: bool
    """False: the reply ended while it was still reasoning."""


class Splitter:
    """Feeds on deltas in order; `finish` ends it. Linear in the length of the answer.

    The first closing tag ends the reasoning, with or without an opening one. Later tags stay in the answer,
    where the parser finds them suspect.
    """

    def __init__(self, start: ReasoningStart) -> None:
        self._reasoning: list[str] = []
        self._answer: list[str] = []
        self._pending = ""
        self._split_by_server = False
        # undecided: the next text may be an opening tag. leaking: an answer that a closing tag may yet turn
        # into reasoning. answer: nothing is looked for any more.
        self._state: Literal["undecided", "reasoning", "leaking", "answer"] = (
            "answer" if start == "none" else "undecided"
        )
        self._after_blank: Literal["reasoning", "leaking"] = "reasoning" if start == "in_prompt" else "leaking"
        self._closed = start != "in_prompt"

    def feed(self, field: Literal["content", "reasoning"], text: str) -> list[Piece]:
        """The pieces that are certain by now."""
        if not text:
            return []
        if field == "content" and not self._pending:
            # Most deltas: nothing in them can be, or begin, a tag that is looked for.
            if self._state == "answer" or (self._state == "leaking" and "<" not in text):
                self._answer.append(text)
                return [Piece("answer", text)]
            if self._state == "reasoning" and "<" not in text:
                self._reasoning.append(text)
                return [Piece("reasoning", text)]
        if field == "reasoning":
            self._split_by_server = True
            if self._state == "undecided":
                # The server splits: what it calls content is the answer.
                self._state, self._closed = "answer", True
            self._reasoning.append(text)
            return [Piece("reasoning", text)]
        self._pending += text
        return self._advance(final=False)

    @property
    def split_by_server(self) -> bool:
        """Whether reasoning came in a field of its own."""
        return self._split_by_server

    def finish(self) -> tuple[list[Piece], Split]:
        """The last pieces, and the whole."""
        pieces = self._advance(final=True)
        split = Split(reasoning="".join(self._reasoning), answer="".join(self._answer), closed=self._closed)
        return pieces, split

    def _advance(self, *, final: bool) -> list[Piece]:
        pieces: list[Piece] = []
        if self._state == "undecided" and not self._decide(final=final):
            return pieces
        if self._state in {"reasoning", "leaking"}:
            before, found, after = self._pending.partition(CLOSE)
            if not found:
                kept = 0 if final else _partial(before, CLOSE)
                before, self._pending = before[: len(before) - kept], before[len(before) - kept :]
                pieces += self._emit("reasoning" if self._state == "reasoning" else "answer", before)
                return pieces
            pieces += self._emit("reasoning" if self._state == "reasoning" else "answer", before)
            if self._state == "leaking":
                self._reasoning += self._answer
                self._answer.clear()
                pieces.append(Piece("was_reasoning"))
            self._state, self._closed, self._pending = "answer", True, after
        text, self._pending = self._pending, ""
        return pieces + self._emit("answer", text)

    def _decide(self, *, final: bool) -> bool:
        """Looks for an opening tag at the very start. False: more text is needed to tell."""
        text = self._pending.lstrip()
        blank = len(self._pending) - len(text)
        if blank <= _MOST_BLANK and text.startswith(OPEN):
            self._pending = text[len(OPEN) :]
            self._state, self._closed = "reasoning", False
            return True
        if not final and blank <= _MOST_BLANK and OPEN.startswith(text):
            return False
        self._state = self._after_blank
        return True

    def _emit(self, kind: Literal["reasoning", "answer"], text: str) -> list[Piece]:
        if not text:
            return []
        (self._reasoning if kind == "reasoning" else self._answer).append(text)
        return [Piece(kind, text)]


def _partial(text: str, tag: str) -> int:
    """How many last characters of `text` may be the start of `tag`."""
    for length in range(min(len(tag) - 1, len(text)), 0, -1):
        if tag.startswith(text[-length:]):
            return length
    return 0
