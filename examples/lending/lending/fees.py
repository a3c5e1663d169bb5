"""What a late return costs. Amounts are whole cents."""

DAILY_CENTS = 25
GRACE_DAYS = 2
MOST_CENTS = 1000


def late_fee(due, returned):
    """The fee for a book that was due on `due`.

    The grace days are free: only the days after them are charged, up to the highest fee.
    """
    days_late = (returned - due).days
    if days_late <= GRACE_DAYS:
        return 0
    return min(days_late * DAILY_CENTS, MOST_CENTS)


def in_words(cents):
    """An amount as it stands on a receipt, such as 2.50."""
    return f"{cents // 100}.{cents % 100:02d}"
