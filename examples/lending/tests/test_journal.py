from datetime import date

import pytest

from lending.journal import to_line, to_text
from lending.model import Loan
from lending.restore import from_line, from_text

SPRING = Loan(book="emma", member="m7", lent=date(2024, 3, 5), due=date(2024, 3, 26))
WINTER = Loan(
    book="dune", member="m2", lent=date(2023, 12, 28), due=date(2024, 1, 18), renewals=1
)


def test_a_journal_that_was_written_can_be_read():
    assert from_text(to_text([SPRING, WINTER])) == [SPRING, WINTER]


def test_dates_are_written_and_read_as_year_month_day():
    line = to_line(WINTER)
    assert line == "2023-12-28 | 2024-01-18 | m2 | dune | 1"
    assert from_line(line) == WINTER


def test_an_empty_journal_has_no_loans():
    assert to_text([]) == ""
    assert from_text("") == []


def test_comments_and_empty_lines_are_skipped():
    assert from_text(f"# loans\n\n{to_line(SPRING)}\n") == [SPRING]


def test_a_line_with_missing_fields_is_refused():
    with pytest.raises(ValueError, match="2 fields instead of 5"):
        from_line("m7 | emma")
