"""Words that tasks and names in code have in common: `parseHTTPHeader` and `parsing a header` meet. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources

import msgspec
from msgspec import Struct

_PIECE = re.compile(
    r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[\u3400-\u9fff\uf900-\ufaff]+|[^\W\d_A-Za-z\u3400-\u9fff\uf900-\ufaff]+"
)
_LEAST = 2
_SHORT = 4
"""What is not longer has no ending that could be taken off."""
_DOUBLED = re.compile(r"([bdfgmnprt])\1$")


def words_of(text: str) -> Iterator[str]:
    """The stems in `text`, with repeats, in order: of words and parts of names; pairs of Chinese characters."""
    for piece in _PIECE.findall(text):
        if piece[0] >= "\u3400" and (piece[0] <= "\u9fff" or "\uf900" <= piece[0] <= "\ufaff"):
            yield from (piece[at : at + 2] for at in range(len(piece) - 1))
        elif (word := stem(piece)) is not None:
            yield word


def translated(text: str) -> Iterator[str]:
    """The stems of what Chinese words in `text` are called in code."""
    for chinese, english in _data().zh.items():
        if chinese in text:
            yield from words_of(english)


class _Data(Struct, frozen=True):
    stop: str
    zh: dict[str, str]


@cache
def _data() -> _Data:
    return msgspec.toml.decode(resources.files("r1code.repo").joinpath("words.toml").read_bytes(), type=_Data)


@cache
def _stop() -> frozenset[str]:
    return frozenset(_data().stop.split())


@lru_cache(maxsize=1 << 17)
def stem(word: str) -> str | None:
    """A word without its ending, lower case; None for one that says nothing about code."""
    word = word.lower()
    if len(word) < _LEAST or word in _stop():
        return None
    if len(word) > _SHORT and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > _SHORT - 1 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if len(word) > _SHORT:
        for ending in ("ing", "ed", "er", "or", "ion"):
            rest = word.removesuffix(ending)
            if len(rest) < len(word) and len(rest) >= _SHORT - 1 and (ending != "ion" or rest[-1] in "ts"):
                word = _DOUBLED.sub(r"\1", rest)
                break
    return word.removesuffix("e") if len(word) > _SHORT - 1 else word
