"""Flood events: stretches of time during which the water stands high."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .readings import Reading
from .segments import DEFAULT_MAX_GAP, split_at_gaps


@dataclass(frozen=True)
class Threshold:
    """An event begins at or above ``trigger`` and ends below ``clear``."""

    trigger: float
    clear: float

    def __post_init__(self) -> None:
        if self.clear > self.trigger:
            raise ValueError("clear must not be above trigger")


@dataclass(frozen=True)
class Event:
    """One flood event, from its first to its last reading."""

    start: datetime
    end: datetime
    peak: Reading

    @property
    def duration(self) -> timedelta:
        return self.end - self.start


def _as_event(members: list[Reading]) -> Event:
    """Make an event of its readings; of equal peaks the earliest counts."""
    return Event(members[0].time, members[-1].time, max(members, key=lambda reading: reading.stage))


def _events_in_segment(segment: list[Reading], threshold: Threshold) -> list[Event]:
    events: list[Event] = []
    members: list[Reading] = []
    for reading in segment:
        if members and reading.stage < threshold.clear:
            events.append(_as_event(members))
            members = []
        elif members or reading.stage >= threshold.trigger:
            members.append(reading)
    if members:
        events.append(_as_event(members))
    return events


def find_events(
    readings: Iterable[Reading], threshold: Threshold, max_gap: timedelta = DEFAULT_MAX_GAP
) -> list[Event]:
    """Return the flood events in order of time. An outage ends an event that is under way."""
    segments = split_at_gaps(readings, max_gap)
    return [event for segment in segments for event in _events_in_segment(segment, threshold)]
