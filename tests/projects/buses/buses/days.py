"""Which trips run on a day."""

WEEKDAYS = "weekdays"
SATURDAYS = "saturdays"
SUNDAYS = "sundays"
DAILY = "daily"
DAYS = (WEEKDAYS, SATURDAYS, SUNDAYS, DAILY)


def kind_of(day, holidays=()):
    """What a date counts as. Buses run on a holiday as they do on a Sunday."""
    if day in holidays or day.weekday() == 6:
        return SUNDAYS
    return SATURDAYS if day.weekday() == 5 else WEEKDAYS


def trips_on(trips, day, holidays=()):
    """The trips that run on a date."""
    kind = kind_of(day, holidays)
    return [trip for trip in trips if trip.days in (kind, DAILY)]
