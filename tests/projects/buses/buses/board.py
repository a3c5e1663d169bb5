"""The board with the next departures that hangs at a stop."""

from buses.words import clock

NOTHING = "no more buses today\n"
ROWS = 5


def departures(trips, stop, since):
    """The trips that leave a stop at a time or later, with their times, the earliest first."""
    found = []
    for trip in trips:
        for call in trip.calls[:-1]:
            if call.stop == stop and call.time >= since:
                found.append((call.time, trip))
    return sorted(found, key=lambda departure: (departure[0], departure[1].line))


def board(trips, stop, since):
    """One aligned line for each of the next departures: time, line, destination."""
    rows = departures(trips, stop, since)[:ROWS]
    if not rows:
        return NOTHING
    width = max(len(trip.line) for _, trip in rows)
    return "".join(
        f"{clock(time)}  {trip.line:<{width}}  {trip.destination}\n" for time, trip in rows
    )
