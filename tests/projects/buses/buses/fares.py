"""What a journey costs. Amounts are whole cents; every stop lies in a zone."""

FIRST_ZONE_CENTS = 180
NEXT_ZONE_CENTS = 70
DAY_TICKET_CENTS = 750
CHILD_AGE = 15
FREE_AGE = 6


def zones_touched(journey, zones):
    """How many zones a journey leads through, the first and the last included."""
    touched = set()
    for ride in journey.rides:
        first, last = sorted((zones[ride.start.stop], zones[ride.end.stop]))
        touched.update(range(first, last + 1))
    return len(touched)


def fare(journey, zones, age):
    """The price of a single ticket. Children below 15 pay half, those below 6 nothing."""
    if age < FREE_AGE:
        return 0
    cents = FIRST_ZONE_CENTS + (zones_touched(journey, zones) - 1) * NEXT_ZONE_CENTS
    return cents // 2 if age < CHILD_AGE else cents


def day_price(fares):
    """What all journeys of a day cost together: never more than a day ticket."""
    return min(sum(fares), DAY_TICKET_CENTS)
