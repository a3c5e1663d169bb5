"""Which of many texts say the same, or nearly the same: by MinHash, equal on every machine and in every order.

A library would bring numpy and scipy for these lines (docs/decisions/0039).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

NEAR = 0.8
"""Of the words in a row that two texts have, the part that both have: from here on they are nearly the same."""
_WORDS = 5
_BANDS, _ROWS = 16, 4
"""Texts are compared where all rows of a band are equal: from a likeness of 0.8 on that is 99.98 % certain."""
_PRIME = (1 << 61) - 1
_TIMES = re.compile(r"\b\d+(?:\.\d+)? ?(?:s|ms|seconds)\b")
_WORD = re.compile(r"\w+|[^\w\s]")


def fingerprint(texts: Iterable[str]) -> str:
    """Equal for texts that differ in white space and times only."""
    whole = hashlib.sha256()
    for text in texts:
        whole.update(" ".join(_TIMES.sub("", text).split()).encode("utf-8", "surrogatepass"))
        whole.update(b"\0")
    return whole.hexdigest()


def near(texts: Sequence[str]) -> list[int | None]:
    """For each text the first one before it that it is nearly equal to, among those that are like none before."""
    shingles = [_shingles(text) for text in texts]
    seen: dict[tuple[int, tuple[int, ...]], list[int]] = {}
    found: list[int | None] = []
    for at, words in enumerate(shingles):
        keys = list(_bands(words))
        like = sorted({one for key in keys for one in seen.get(key, ())})
        first = next((one for one in like if _likeness(words, shingles[one]) >= NEAR), None)
        found.append(first)
        for key in keys if first is None else ():
            seen.setdefault(key, []).append(at)
    return found


def _shingles(text: str) -> frozenset[int]:
    words = _WORD.findall(text)
    rows = {" ".join(words[at : at + _WORDS]) for at in range(max(1, len(words) - _WORDS + 1))}
    return frozenset(_number(row) for row in rows)


def _number(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest()) % _PRIME


def _bands(words: frozenset[int]) -> Iterable[tuple[int, tuple[int, ...]]]:
    least = [min((one * times + more) % _PRIME for one in words) for times, more in _FACTORS]
    for band in range(_BANDS):
        yield band, tuple(least[band * _ROWS : (band + 1) * _ROWS])


def _likeness(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / len(one | other)


_FACTORS = [(_number(f"times {at}") or 1, _number(f"more {at}")) for at in range(_BANDS * _ROWS)]
