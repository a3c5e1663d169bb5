"""How to get from one stop to another."""

from buses.model import Journey, Ride, TimetableError
from buses.words import clock, duration

CHANGE_MINUTES = 4


def rides_from(trips, stop):
    """Every ride that begins at a stop."""
    return [
        Ride(line=trip.line, start=start, end=end)
        for trip in trips
        for start in trip.calls
        if start.stop == stop
        for end in trip.calls_after(start)
    ]


def journeys(trips, start, end):
    """Every journey between two stops with one change at most.

    Whoever changes to another line has at least `CHANGE_MINUTES` for it.
    """
    found = []
    for first in rides_from(trips, start):
        if first.end.stop == end:
            found.append(Journey((first,)))
            continue
        ready = first.end.time + CHANGE_MINUTES
        for second in rides_from(trips, first.end.stop):
            if second.line == first.line or second.end.stop != end:
                continue
            if second.start.time >= ready:
                found.append(Journey((first, second)))
    return found


def best_journey(trips, start, end, since):
    """The journey from a time on that arrives first; of those that arrive together, the shortest.

    Raises TimetableError when there is none.
    """
    possible = [journey for journey in journeys(trips, start, end) if journey.leaves >= since]
    if not possible:
        raise TimetableError(f"no bus goes from {start} to {end} after {clock(since)}")
    return min(possible, key=lambda journey: (journey.arrives, journey.leaves))


def directions(journey):
    """One line for each ride, and one with the time that they take."""
    lines = [
        f"{clock(ride.start.time)} {ride.start.stop}, line {ride.line}"
        f" to {ride.end.stop}, {clock(ride.end.time)}"
        for ride in journey.rides
    ]
    return "\n".join([*lines, duration(journey.minutes)]) + "\n"
