from datetime import date, timedelta

import pytest

from lending import rules
from lending.model import LendingError, Loan, Member

TODAY = date(2024, 3, 5)
ADULT = Member(code="m1", name="Ada")
JUNIOR = Member(code="m2", name="Tim", junior=True)


def loan(due=TODAY, renewals=0):
    return Loan(book="emma", member="m1", lent=TODAY, due=due, renewals=renewals)


def test_a_junior_has_two_weeks_and_an_adult_three():
    assert rules.due_date(JUNIOR, TODAY) == date(2024, 3, 19)
    assert rules.due_date(ADULT, TODAY) == date(2024, 3, 26)


def test_a_junior_may_have_three_loans_and_an_adult_five():
    rules.check_may_borrow(ADULT, [loan()] * 4, TODAY)
    with pytest.raises(LendingError, match="Tim already has 3 loans"):
        rules.check_may_borrow(JUNIOR, [loan()] * 3, TODAY)


def test_nobody_borrows_with_an_overdue_loan():
    late = loan(due=TODAY - timedelta(days=1))
    with pytest.raises(LendingError, match="Ada has an overdue loan"):
        rules.check_may_borrow(ADULT, [late], TODAY)


def test_a_renewal_adds_two_weeks_to_the_due_date():
    assert rules.renewed_due_date(loan(), TODAY) == date(2024, 3, 19)


def test_the_third_renewal_is_refused():
    with pytest.raises(LendingError, match="renewed 2 times"):
        rules.renewed_due_date(loan(renewals=2), TODAY)


def test_an_overdue_loan_is_not_renewed():
    with pytest.raises(LendingError, match="emma is overdue"):
        rules.renewed_due_date(loan(), TODAY + timedelta(days=1))
