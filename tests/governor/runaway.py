"""Reasoning that begins sensibly and then runs away: in the same words, with a counter, or nearly the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from msgspec import Struct

SENTENCES = (
    "Wait, maybe the index is off by one in the second loop.",
    "Let me re-read the traceback again.",
    "The test expects an empty list, but the function returns None.",
    "So the cache is filled before the lock is taken, which cannot be right.",
    "Actually, `parse_header` splits at the first colon and strips both sides.",
    "If the token has expired, the session should be refreshed, not dropped.",
    "Hmm, that contradicts what I found above.",
    "The value of `total` after the loop is 42, and the assertion wants 41.",
    "Therefore the fix has to go into `merge_rows` and nowhere else.",
    "But what about a file that does not end with a newline?",
    "In that case `splitlines` gives the same result, so it does not matter.",
    "Let me check the callers: there are two, one in the view and one in the job.",
    "等等，我再检查一下这个函数的返回值。",
    "如果列表是空的，那么循环不会执行，所以结果是零。",
)
VARIANTS = ("Wait", "Hmm", "Actually", "So", "But", "OK", "Well", "Now")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Runaway(Struct, frozen=True, kw_only=True):
    sense: str
    """What comes first."""
    loop: str
    """The loop, long enough that nobody may miss it."""
    once: int
    """Characters of the loop that are said for the first time."""


def sensible(rng: random.Random, sentences: int) -> str:
    """Text that does not repeat itself."""
    words = [one for sentence in SENTENCES[:12] for one in sentence.split()]
    said = (" ".join(rng.choices(words, k=rng.randrange(6, 18))).capitalize() for _ in range(sentences))
    return ". ".join(said) + ".\n"


def paragraph(rng: random.Random, sentences: int) -> str:
    return " ".join(rng.sample(SENTENCES, sentences)) + "\n\n"


def verbatim(rng: random.Random) -> Runaway:
    """Any period: a character, a word, a line of code, pages."""
    units: tuple[Callable[[], str], ...] = (
        lambda: rng.choice("a.\n ?!=…💥哈0"),
        lambda: rng.choice(["?!", "haha", "no ", "wait, ", "-+", "等等，", "</x>", "\\n", "0,"]),
        lambda: "".join(rng.choices(LETTERS, k=rng.randrange(3, 1500))),
        lambda: " ".join(str(rng.randrange(10_000)) for _ in range(rng.randrange(2, 300))) + "\n",
        lambda: paragraph(rng, 1),
        lambda: paragraph(rng, rng.randrange(2, 12)),
        lambda: sensible(rng, rng.randrange(5, 40)),
        lambda: sensible(rng, rng.randrange(60, 110)),
    )
    unit = rng.choice(units)()
    return Runaway(sense=sensible(rng, rng.randrange(60)), loop=_again(lambda _n: unit), once=len(unit))


def enumeration(rng: random.Random) -> Runaway:
    """The same text with numbers that count: up or down, by ones or by more, with words or almost without."""
    first, by = rng.randrange(1, 50), rng.choice([1, 1, 1, 2, 4, 8, 16])
    text = paragraph(rng, rng.randrange(1, 5)).strip()
    shapes: tuple[Callable[[int], str], ...] = (
        lambda n: f"Case {n}: {text}\n",
        lambda n: f"{n}. {text}\n",
        lambda n: f"offset {n * by}: byte {n * by}, then offset {n * by + by}.\n",
        lambda n: f"Let me check index {n}: {text} So index {n} is not it, and I go on with index {n + 1}.\n\n",
        lambda n: f"{n * by}, ",
        lambda n: f"Step {n}: ({n}, {n + 1}) -> ({n + 1}, {n + 2})\n",
        lambda n: f"If x = {-n * by}, nothing changes. {text}\n",
        lambda n: f"情况{n}：如果长度是{n * by}，{SENTENCES[13]}\n",
        lambda n: f"test_case_{n} ... ok\n",
    )
    shape = rng.choice(shapes)
    # A counter shows that it counts with its third number.
    once = len(shape(first)) + len(shape(first + 1)) + len(shape(first + 2))
    return Runaway(sense=sensible(rng, rng.randrange(60)), loop=_again(lambda n: shape(first + n)), once=once)


def near(rng: random.Random) -> Runaway:
    """The same paragraph, in which each time a few words or numbers are others; up to one in forty."""
    words = paragraph(rng, rng.randrange(4, 14)).split(" ")
    most = max(1, len(words) // 40)

    def said(_number: int) -> str:
        now = list(words)
        for _ in range(rng.randrange(most + 1)):
            at = rng.randrange(len(now))
            what = rng.randrange(4)
            if what == 0:
                now[at] = rng.choice(VARIANTS)
            elif what == 1:
                now[at] = str(rng.randrange(1000))
            elif what == 2:
                now.insert(at, rng.choice(VARIANTS))
            elif len(now) > 1:
                del now[at]
        return " ".join(now)

    return Runaway(sense=sensible(rng, rng.randrange(60)), loop=_again(said), once=len(" ".join(words)))


def _again(said: Callable[[int], str], characters: int = 30_000) -> str:
    pieces: list[str] = []
    size = 0
    while size < characters:
        pieces.append(said(len(pieces)))
        size += len(pieces[-1])
    return "".join(pieces)


KINDS: tuple[Callable[[random.Random], Runaway], ...] = (verbatim, enumeration, near)


def runaways(kind: Callable[[random.Random], Runaway], count: int) -> Iterator[Runaway]:
    for seed in range(count):
        yield kind(random.Random(f"{kind.__name__} {seed}"))
