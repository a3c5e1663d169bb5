"""What the desk deals with: books, members and loans."""

from dataclasses import dataclass, replace
from datetime import date


@dataclass(frozen=True)
class Book:
    code: str
    title: str
    copies: int = 1


@dataclass(frozen=True)
class Member:
    code: str
    name: str
    junior: bool = False


@dataclass(frozen=True)
class Loan:
    """One copy of a book that a member has at home."""

    book: str
    member: str
    lent: date
    due: date
    renewals: int = 0

    def renewed_until(self, due):
        """The same loan with a later due date."""
        return replace(self, due=due, renewals=self.renewals + 1)

    def is_overdue(self, today):
        return today > self.due


class LendingError(Exception):
    """The desk refuses; the text says why."""
