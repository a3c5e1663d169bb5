"""Tokens as the models count them, from vocabularies in this package. Nothing is ever downloaded."""

from __future__ import annotations

import lzma
import math
import re
import threading
from collections.abc import Iterator
from importlib import resources
from typing import get_args
from unicodedata import normalize

import msgspec
import tiktoken
from msgspec import Struct

from r1code.profiles.profile import Profile, TokenizerName
from r1code.profiles.tokenizers.patterns import DEEPSEEK, QWEN

NAMES: tuple[TokenizerName, ...] = get_args(TokenizerName)

_PART = 100_000
"""Characters that are split at a time: a longer run of white space overflows the regex engine's stack."""
_CUT = re.compile(r"(?<=\n)(?=[A-Za-z])|(?<=[0-9A-Za-z])(?= [A-Za-z])")
"""Places where each pattern begins a new piece, whatever stands around them."""


class Vocabulary(Struct, frozen=True, kw_only=True):
    """What a packaged file holds. bench/vocabularies.py makes it and says from which sources."""

    first: int
    """The id of the first token; the others follow one by one, in the order in which they merge."""
    lengths: bytes
    """Of each token, in bytes."""
    text: bytes
    """All tokens, one after the other."""
    special: dict[str, dict[str, int]]
    """By the tokenizer's name: tokens that stand for themselves wherever they appear, and their ids."""
    later: tuple[tuple[int, int], ...] = ()
    """Not empty: text is brought into Unicode's form C, as Unicode 9 had it. These, from a first to a last code
    point, compose or are ordered in later versions only.
    """

    def ranks(self) -> dict[bytes, int]:
        ranks: dict[bytes, int] = {}
        at = 0
        for number, length in enumerate(self.lengths, start=self.first):
            ranks[self.text[at : at + length]] = number
            at += length
        return ranks


class _Kind(Struct, frozen=True, kw_only=True):
    file: str
    pattern: str
    special: str
    factor: float = 1.0
    """What the count is multiplied by: another vocabulary's count is an estimate, and has to be large enough."""


def _deepseek(special: str, factor: float = 1.0) -> _Kind:
    return _Kind(file="deepseek.xz", pattern=DEEPSEEK, special=special, factor=factor)


def _qwen(special: str) -> _Kind:
    return _Kind(file="qwen.xz", pattern=QWEN, special=special)


_KINDS: dict[TokenizerName, _Kind] = {
    "deepseek-r1": _deepseek("deepseek-r1"),
    "deepseek-v3": _deepseek("deepseek-v3"),
    "deepseek-v4": _deepseek("deepseek-v4"),
    "qwen2.5": _qwen("qwen2.5"),
    "r1-distill-qwen": _qwen("r1-distill-qwen"),
    # docs/decisions/0019 has the measured ratios, and why Llama's own vocabulary is not shipped.
    "llama-3": _deepseek("deepseek-r1", factor=1.2),
    "unknown": _deepseek("deepseek-r1", factor=1.25),
}


class Tokenizer:
    """Safe to use from several threads. The vocabulary is loaded by the first call that needs it (0.3 s)."""

    def __init__(self, name: TokenizerName) -> None:
        self.name = name
        self._kind = _KINDS[name]
        self._lock = threading.Lock()
        self._encoding: tiktoken.Encoding | None = None
        self._later: re.Pattern[str] | None = None

    @property
    def exact(self) -> bool:
        """Whether `count` is what the model's server counts for the same text. False: it is estimated, larger."""
        return self._kind.factor == 1.0

    def encode(self, text: str) -> list[int]:
        """The model's tokens. Special tokens in the text are what they are to a server: one token each.

        Where the tokenizer is not exact, those of another model. Exact, but for texts of more than 100,000
        characters without a single line or word that begins with a letter: there a token or two may be added
        each 100,000 characters.
        """
        encoding = self._loaded()
        tokens: list[int] = []
        for part in _parts(self._composed(text)):
            tokens += encoding.encode(part, allowed_special="all")
        return tokens

    def count(self, text: str) -> int:
        """How many tokens `text` has for the model; see `exact`."""
        count = len(self.encode(text))
        return count if self.exact else math.ceil(count * self._kind.factor)

    def _composed(self, text: str) -> str:
        if self._later is None:
            return text
        # What came later stands between what is composed, whichever Unicode this Python has.
        return "".join(
            part if row % 2 else normalize("NFC", part) for row, part in enumerate(self._later.split(text))
        )

    def _loaded(self) -> tiktoken.Encoding:
        with self._lock:
            if self._encoding is None:
                vocabulary = _read(self._kind.file)
                if vocabulary.later:
                    ranges = "".join(f"{chr(first)}-{chr(last)}" for first, last in vocabulary.later)
                    self._later = re.compile(f"([{ranges}])")
                self._encoding = tiktoken.Encoding(
                    self.name,
                    pat_str=self._kind.pattern,
                    mergeable_ranks=vocabulary.ranks(),
                    special_tokens=vocabulary.special[self._kind.special],
                )
            return self._encoding


_TOKENIZERS = {name: Tokenizer(name) for name in NAMES}


def tokenizer_named(name: TokenizerName) -> Tokenizer:
    """The one tokenizer of that name in this process."""
    return _TOKENIZERS[name]


def tokenizer_of(profile: Profile) -> Tokenizer:
    """How the profile's model counts."""
    return tokenizer_named(profile.tokenizer)


def _read(file: str) -> Vocabulary:
    packed = resources.files("r1code.profiles.tokenizers").joinpath(file).read_bytes()
    return msgspec.msgpack.decode(lzma.decompress(packed), type=Vocabulary)


def _parts(text: str) -> Iterator[str]:
    """The text in parts that are split each for itself into the same pieces as the whole."""
    start = 0
    while len(text) - start > _PART:
        cut = start + _PART
        for place in _CUT.finditer(text, start + 1, cut):
            cut = place.end()
        yield text[start:cut]
        start = cut
    yield text[start:]
