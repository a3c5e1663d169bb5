"""How times and prices are written for passengers."""


def clock(minutes):
    """A time of the service day as the clock at the stop shows it, such as 07:35."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def duration(minutes):
    """A length of time, such as 45 min or 1 h 05 min."""
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def price(cents):
    """An amount as it stands on a ticket, such as 2.50."""
    return f"{cents // 100}.{cents % 100:02d}"
