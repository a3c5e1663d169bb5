"""What a timetable is made of. Times are minutes since the service day's midnight."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """A bus stops at a place."""

    stop: str
    time: int


@dataclass(frozen=True)
class Trip:
    """One run of a bus from its first stop to its last."""

    line: str
    days: str
    calls: tuple

    @property
    def destination(self):
        return self.calls[-1].stop

    def calls_after(self, call):
        """Where the bus still goes after a call."""
        return self.calls[self.calls.index(call) + 1 :]


@dataclass(frozen=True)
class Ride:
    """A passenger's part of a trip."""

    line: str
    start: Call
    end: Call


@dataclass(frozen=True)
class Journey:
    """One ride, or several with a change between them."""

    rides: tuple

    @property
    def leaves(self):
        return self.rides[0].start.time

    @property
    def arrives(self):
        return self.rides[-1].end.time

    @property
    def minutes(self):
        return self.arrives - self.leaves


class TimetableError(Exception):
    """A timetable cannot be read, or has no such journey; the message says why."""
