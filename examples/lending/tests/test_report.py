from datetime import date

from lending.model import Loan
from lending.report import overdue, overdue_table

TODAY = date(2024, 3, 20)


def loan(book, member, due):
    return Loan(book=book, member=member, lent=date(2024, 2, 1), due=due)


EMMA = loan("emma", "m7", date(2024, 3, 19))
PARK = loan("mansfield park", "m2", date(2024, 3, 10))
OPEN = loan("dune", "m3", TODAY)


def test_the_longest_overdue_comes_first():
    assert overdue([EMMA, OPEN, PARK], TODAY) == [PARK, EMMA]


def test_the_table_is_aligned():
    assert overdue_table([EMMA, PARK], TODAY) == (
        "mansfield park  m2  10 days\n"
        "emma            m7  1 day\n"
    )


def test_a_loan_that_is_due_today_is_not_overdue():
    assert overdue_table([OPEN], TODAY) == "nothing is overdue\n"
