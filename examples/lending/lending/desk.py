"""The desk itself: it lends, renews and takes back."""

from lending import rules
from lending.fees import late_fee
from lending.model import LendingError, Loan


class Desk:
    def __init__(self, books, members, loans=()):
        self._books = {book.code: book for book in books}
        self._members = {member.code: member for member in members}
        self.loans = list(loans)

    def lend(self, member_code, book_code, today):
        """Lends a copy and returns the loan. Raises LendingError when that is not possible."""
        member = self._members.get(member_code)
        if member is None:
            raise LendingError(f"nobody has the number {member_code}")
        if self.copies_left(book_code) == 0:
            raise LendingError(f"no copy of {book_code} is left")
        rules.check_may_borrow(member, self.loans_of(member_code), today)
        loan = Loan(
            book=book_code,
            member=member_code,
            lent=today,
            due=rules.due_date(member, today),
        )
        self.loans.append(loan)
        return loan

    def renew(self, member_code, book_code, today):
        """Extends a loan and returns it."""
        loan = self._find(member_code, book_code)
        renewed = loan.renewed_until(rules.renewed_due_date(loan, today))
        self.loans[self.loans.index(loan)] = renewed
        return renewed

    def take_back(self, member_code, book_code, today):
        """Ends a loan and returns the fee in cents."""
        loan = self._find(member_code, book_code)
        self.loans.remove(loan)
        return late_fee(loan.due, today)

    def loans_of(self, member_code):
        return [loan for loan in self.loans if loan.member == member_code]

    def copies_left(self, book_code):
        """How many copies stand on the shelf. Raises LendingError for an unknown book."""
        if book_code not in self._books:
            raise LendingError(f"there is no book {book_code}")
        lent = sum(loan.book == book_code for loan in self.loans)
        return self._books[book_code].copies - lent

    def _find(self, member_code, book_code):
        for loan in self.loans_of(member_code):
            if loan.book == book_code:
                return loan
        raise LendingError(f"{member_code} does not have {book_code}")
