"""A summary of a gauge log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from .events import Event, Threshold, find_events
from .rating import RatingTable
from .readings import Reading
from .segments import DEFAULT_MAX_GAP, Outage, find_outages
from .volume import flow_volume


def format_duration(duration: timedelta) -> str:
    """Write a duration as hours and minutes, such as ``27h05m``; seconds are dropped."""
    hours, minutes = divmod(int(duration.total_seconds()) // 60, 60)
    return f"{hours}h{minutes:02d}m"


@dataclass(frozen=True)
class Summary:
    """What a log says about its river."""

    readings: int
    volume: float
    events: list[Event]
    outages: list[Outage]

    def as_text(self) -> str:
        """Return the summary as lines of text."""
        lines = [f"readings: {self.readings}", f"volume: {self.volume:.0f} m3"]
        for event in self.events:
            lines.append(
                f"event: {event.start:%Y-%m-%d %H:%M} for {format_duration(event.duration)}, "
                f"peak {event.peak.stage:.2f} m"
            )
        for outage in self.outages:
            lines.append(f"outage: {outage.start:%Y-%m-%d %H:%M} for {format_duration(outage.duration)}")
        return "\n".join(lines)


def summarize(
    readings: Sequence[Reading],
    table: RatingTable,
    threshold: Threshold,
    max_gap: timedelta = DEFAULT_MAX_GAP,
) -> Summary:
    """Summarize readings that are in order of time."""
    return Summary(
        readings=len(readings),
        volume=flow_volume(readings, table, max_gap),
        events=find_events(readings, threshold, max_gap),
        outages=find_outages(readings, max_gap),
    )
