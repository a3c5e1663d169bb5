"""Watches one reply while it comes, and says when it has to be cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from r1code.dialects.reasoning import Piece
from r1code.governor.counter import Counter
from r1code.governor.repetition import ANSWER, REASONING, Detector, Repetition
from r1code.profiles.tokenizers import Tokenizer, tokenizer_named


class Found(Struct, frozen=True, kw_only=True):
    """Why a reply is cut. `repetition`: None where a budget was used up."""

    part: Literal["reasoning", "answer"]
    tokens: int
    """Of that part, as r1code counts them."""
    repetition: Repetition | None = None


class Guard:
    """Fed with the pieces of one reply. `most`: tokens of reasoning, at which it is cut; None: no limit."""

    def __init__(self, most: int | None = None, tokenizer: Tokenizer | None = None) -> None:
        self._most = most
        self._tokenizer = tokenizer or tokenizer_named("unknown")
        self.begin()

    def begin(self) -> None:
        """A reply begins: what came before it counts no more."""
        self._detectors = {"reasoning": Detector(REASONING), "answer": Detector(ANSWER)}
        self._counters = {"reasoning": Counter(self._tokenizer), "answer": Counter(self._tokenizer)}
        self.found: Found | None = None

    @property
    def thought(self) -> int:
        """Tokens of reasoning so far."""
        return self._counters["reasoning"].tokens

    def sees(self, pieces: Sequence[Piece]) -> bool:
        """Whether the reply has to be cut here."""
        for piece in pieces:
            if piece.kind == "was_reasoning":
                # What was taken for the answer was reasoning: it is over, and the answer begins only now.
                self._counters["reasoning"] = self._counters["answer"]
                self._counters["answer"] = Counter(self._tokenizer)
                self._detectors["answer"] = Detector(ANSWER)
            elif self.found is None:
                self._see(piece.kind, piece.text)
        return self.found is not None

    def _see(self, part: Literal["reasoning", "answer"], text: str) -> None:
        counter = self._counters[part]
        counter.feed(text)
        repetition = self._detectors[part].feed(text)
        over = part == "reasoning" and self._most is not None and counter.reached(self._most)
        if repetition is not None or over:
            self.found = Found(part=part, tokens=counter.tokens, repetition=repetition)
