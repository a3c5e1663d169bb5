"""Which of several candidates is the best. Pure: equal candidates give equal choices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from msgspec import Struct

from r1code.events import Standing
from r1code.repair.attempt import Tried
from r1code.repair.variant import Variant
from r1code.tree.patch import Patch

Lines = Callable[[Patch], int]
"""How many lines a patch adds and removes."""
_Order = tuple[bool, bool, int, int, int, int]


class Ranking(Struct, frozen=True, kw_only=True):
    candidates: tuple[Standing, ...]
    """The best first; of equals, the one with the lower number."""
    tied: tuple[int, ...]
    """Candidates that nothing tells apart from the first, itself included, whose patches are different."""


def ranked(tried: Mapping[int, Tried], variants: Mapping[int, Variant], lines: Lines) -> Ranking:
    """By verdict, tampering, what is broken, what still fails, how many made the same patch, and its size.

    Sizes are equal up to a factor of two: a line more or less makes no patch better.
    """
    same = Counter(one.patch for one in tried.values())
    rows = {
        number: Standing(
            candidate=number,
            outcome=one.verdict.outcome,
            fixed=len(one.verdict.fixed),
            still_failing=len(one.verdict.still_failing),
            broken=len(one.verdict.broken),
            lines=lines(one.patch),
            same=same[one.patch],
            strategy=variants[number].strategy or "",
            temperature=variants[number].temperature,
            seed=variants[number].seed,
        )
        for number, one in tried.items()
    }
    best = sorted(rows.values(), key=lambda row: (_order(row), row.candidate))
    equal = [row.candidate for row in best if _order(row) == _order(best[0])]
    tied: dict[Patch, int] = {}
    for number in equal:
        tied.setdefault(tried[number].patch, number)
    return Ranking(candidates=tuple(best), tied=tuple(tied.values()))


def _order(row: Standing) -> _Order:
    size = row.lines.bit_length()
    fixed, tampered = row.outcome == "fixed", row.outcome == "tampered"
    return not fixed, tampered, row.broken, row.still_failing, -row.same, size
