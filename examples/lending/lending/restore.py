"""Reads the lines of a journal back into loans."""

from datetime import datetime

from lending.model import Loan

SEPARATOR = " | "
DATE_FORMAT = "%d/%m/%Y"
FIELDS = 5


def parse_date(text):
    return datetime.strptime(text, DATE_FORMAT).date()


def from_line(line):
    """The loan that a line stands for. Raises ValueError when it is none."""
    fields = line.rstrip("\n").split(SEPARATOR)
    if len(fields) != FIELDS:
        raise ValueError(f"{len(fields)} fields instead of {FIELDS}: {line!r}")
    lent, due, member, book, renewals = fields
    return Loan(
        book=book,
        member=member,
        lent=parse_date(lent),
        due=parse_date(due),
        renewals=int(renewals),
    )


def from_text(text):
    """All loans of a journal. Empty lines and comments are skipped."""
    lines = [line for line in text.splitlines() if line.strip()]
    return [from_line(line) for line in lines if not line.startswith("#")]
