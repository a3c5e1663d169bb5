"""Who may borrow and renew, and for how long."""

from datetime import timedelta

from lending.model import LendingError

LOAN_DAYS = 21
JUNIOR_LOAN_DAYS = 14
RENEWAL_DAYS = 14
MOST_RENEWALS = 2
MOST_LOANS = 5
JUNIOR_MOST_LOANS = 3


def due_date(member, lent):
    """When a loan that begins on `lent` must be back."""
    days = JUNIOR_LOAN_DAYS if member.junior else LOAN_DAYS
    return lent + timedelta(days=days)


def check_may_borrow(member, loans, today):
    """Raises LendingError when a member with these loans may not take one more."""
    limit = JUNIOR_MOST_LOANS if member.junior else MOST_LOANS
    if len(loans) >= limit:
        raise LendingError(f"{member.name} already has {len(loans)} loans")
    if any(loan.is_overdue(today) for loan in loans):
        raise LendingError(f"{member.name} has an overdue loan")


def renewed_due_date(loan, today):
    """When the loan must be back if it is renewed today. Raises LendingError if it cannot be."""
    if loan.is_overdue(today):
        raise LendingError(f"{loan.book} is overdue")
    if loan.renewals >= MOST_RENEWALS:
        raise LendingError(f"{loan.book} was renewed {loan.renewals} times")
    return loan.due + timedelta(days=RENEWAL_DAYS)
