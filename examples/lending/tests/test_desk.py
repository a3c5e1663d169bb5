from datetime import date, timedelta

import pytest

from lending.desk import Desk
from lending.model import Book, LendingError, Member

TODAY = date(2024, 3, 5)


@pytest.fixture
def desk():
    books = [Book("emma", "Emma", copies=2), Book("dune", "Dune")]
    return Desk(books, [Member("m1", "Ada"), Member("m2", "Tim", junior=True)])


def test_a_loan_takes_a_copy_from_the_shelf(desk):
    loan = desk.lend("m1", "emma", TODAY)
    assert loan.due == date(2024, 3, 26)
    assert desk.copies_left("emma") == 1


def test_the_last_copy_is_lent_once(desk):
    desk.lend("m1", "dune", TODAY)
    with pytest.raises(LendingError, match="no copy of dune is left"):
        desk.lend("m2", "dune", TODAY)


def test_unknown_members_and_books_are_refused(desk):
    with pytest.raises(LendingError, match="nobody has the number m9"):
        desk.lend("m9", "emma", TODAY)
    with pytest.raises(LendingError, match="there is no book ulysses"):
        desk.lend("m1", "ulysses", TODAY)


def test_a_renewed_loan_replaces_the_old_one(desk):
    desk.lend("m2", "emma", TODAY)
    renewed = desk.renew("m2", "emma", TODAY)
    assert desk.loans == [renewed]
    assert (renewed.due, renewed.renewals) == (date(2024, 4, 2), 1)


def test_a_book_comes_back_without_a_fee_in_time(desk):
    loan = desk.lend("m1", "emma", TODAY)
    assert desk.take_back("m1", "emma", loan.due) == 0
    assert desk.loans == []
    assert desk.copies_left("emma") == 2


def test_what_was_not_lent_cannot_come_back(desk):
    with pytest.raises(LendingError, match="m1 does not have dune"):
        desk.take_back("m1", "dune", TODAY + timedelta(days=1))
