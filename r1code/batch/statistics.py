"""The few formulas that results are told with: exact where that is cheap, and no library is needed for any."""

from __future__ import annotations

import math
from collections.abc import Sequence

_Z = 1.959963984540054
"""Of 95 %."""

Interval = tuple[float, float]


def wilson(successes: int, count: int) -> Interval:
    """Wilson's score interval of a rate, 95 %; (0, 1) where nothing was counted."""
    if count == 0:
        return 0.0, 1.0
    rate, square = successes / count, _Z * _Z
    middle = (rate + square / (2 * count)) / (1 + square / count)
    half = _Z / (1 + square / count) * math.sqrt(rate * (1 - rate) / count + square / (4 * count * count))
    # At the ends the formula is exact, and only its arithmetic is not.
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    return low, 1.0 if successes == count else min(1.0, middle + half)


def paired_difference(gained: int, lost: int, count: int) -> Interval:
    """Of two rates on the same tasks, the second less the first, 95 %: Agresti and Min's adjusted interval.

    `gained`: successes of the second alone. `lost`: of the first alone.
    """
    if count == 0:
        return -1.0, 1.0
    # Half a task is added to each of the four cells.
    only_second, only_first, all_of = gained + 0.5, lost + 0.5, count + 2
    middle = (only_second - only_first) / all_of
    variance = (only_second + only_first - (only_second - only_first) ** 2 / all_of) / all_of**2
    half = _Z * math.sqrt(variance)
    return max(-1.0, middle - half), min(1.0, middle + half)


def mcnemar(gained: int, lost: int) -> float:
    """The exact two-sided p-value: how likely so uneven a split is where each flip is a coin's.

    A sum of binomials in whole numbers, which scipy would make a dependency of 100 MB for.
    """
    flips = gained + lost
    # The quotient of whole numbers is right however large they are.
    return min(1.0, 2 * _tail(min(gained, lost), flips) / (1 << flips))


def median_interval(values: Sequence[float]) -> Interval | None:
    """Of the median, 95 % at least, whatever the distribution: two of the values, by their ranks.

    None: so few values cannot say. Unlike a bootstrap it is exact, and needs no chance.
    """
    count = len(values)
    # Values that are left out at each end: as many as a coin rarely goes below.
    left_out, tail = -1, 1
    while 40 * tail <= (1 << count) and left_out + 1 < count:
        left_out += 1
        tail += math.comb(count, left_out + 1)
    if left_out < 0:
        return None
    ordered = sorted(values)
    return ordered[left_out], ordered[count - 1 - left_out]


def _tail(most: int, flips: int) -> int:
    """In how many of all outcomes of so many coins at most `most` are heads."""
    return sum(math.comb(flips, at) for at in range(most + 1))
