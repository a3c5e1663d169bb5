"""Outages of a gauge, and the unbroken stretches between them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from .readings import Reading

DEFAULT_MAX_GAP = timedelta(minutes=60)


@dataclass(frozen=True)
class Outage:
    """A time without readings: from the last one before it to the first one after it."""

    start: datetime
    end: datetime

    @property
    def duration(self) -> timedelta:
        return self.end - self.start


def split_at_gaps(readings: Iterable[Reading], max_gap: timedelta = DEFAULT_MAX_GAP) -> list[list[Reading]]:
    """Split readings, in order of time, into segments.

    A new segment begins wherever more than ``max_gap`` passes between two neighbouring readings.
    """
    if max_gap <= timedelta(0):
        raise ValueError("max_gap must be positive")
    segments: list[list[Reading]] = []
    current: list[Reading] = []
    for reading in readings:
        if current and reading.time - current[0].time > max_gap:
            segments.append(current)
            current = []
        current.append(reading)
    if current:
        segments.append(current)
    return segments


def find_outages(readings: Iterable[Reading], max_gap: timedelta = DEFAULT_MAX_GAP) -> list[Outage]:
    """Return the gaps between the segments of the readings."""
    segments = split_at_gaps(readings, max_gap)
    return [Outage(before[-1].time, after[0].time) for before, after in pairwise(segments)]
