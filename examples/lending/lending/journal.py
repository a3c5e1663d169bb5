"""Writes loans as lines of text: lent, due, member, book, renewals."""

SEPARATOR = " | "
DATE_FORMAT = "%d/%m/%Y"


def to_line(loan):
    """The line of the journal that stands for a loan."""
    fields = [
        loan.lent.strftime(DATE_FORMAT),
        loan.due.strftime(DATE_FORMAT),
        loan.member,
        loan.book,
        str(loan.renewals),
    ]
    return SEPARATOR.join(fields)


def to_text(loans):
    """The whole journal, one line for each loan."""
    return "".join(f"{to_line(loan)}\n" for loan in loans)
