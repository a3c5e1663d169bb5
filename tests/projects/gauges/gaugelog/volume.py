"""The volume of water that flows past a gauge."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

from .rating import RatingTable
from .readings import Reading
from .segments import DEFAULT_MAX_GAP, split_at_gaps


def flow_volume(
    readings: Iterable[Reading], table: RatingTable, max_gap: timedelta = DEFAULT_MAX_GAP
) -> float:
    """Return the volume in cubic metres, by the trapezoidal rule; outages contribute nothing."""
    total = 0.0
    for segment in split_at_gaps(readings, max_gap):
        for left, right in pairwise(segment):
            seconds = (right.time - left.time).total_seconds()
            mean = (table.discharge(left.stage) + table.discharge(right.stage)) / 2
            total += mean * seconds
    return total
