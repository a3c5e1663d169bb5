from __future__ import annotations

from r1code.repo.symbols import code_of, heads, simple_statements

FILE = '''\
"""Doc."""

import re

RATE = 25


@frozen
class Desk(Base):
    """A desk.

    With more lines.
    """

    name: str = "x"
    LIMIT = 3

    def fee(
        self, days
    ):
        """What it costs."""
        if days: return 0
        for day in days:
            self.total = sum(
                day,
            )
        return 1; return 2


def last(): pass
'''


def test_heads_are_what_others_need_to_know_and_no_values_of_the_module() -> None:
    assert heads(FILE).splitlines() == [
        "@frozen",
        "class Desk(Base):",
        '    """A desk.',
        '    name: str = "x"',
        "    LIMIT = 3",
        "    def fee(",
        "        self, days",
        "    ):",
        '        """What it costs."""',
        "def last(): pass",
    ]
    assert heads("") == heads("x = (") == ""


def test_simple_statements_begin_their_line_and_hold_no_other() -> None:
    lines = FILE.splitlines()
    found = {lines[first - 1].strip(): last - first for first, last in simple_statements(FILE).items()}
    assert found == {
        "import re": 0,
        "RATE = 25": 0,
        'name: str = "x"': 0,
        "LIMIT = 3": 0,
        "self.total = sum(": 2,
        "return 1; return 2": 0,
    }


def test_code_is_the_same_whatever_the_comments_and_spaces() -> None:
    assert code_of("x = f(1,2)  # why\n\n") == code_of("x  =  f( 1, 2 )\n")
    assert code_of("x = 1\n") != code_of("x = 2\n")
    inside, after = "for a in b:\n    c()\n    d()\n", "for a in b:\n    c()\nd()\n"
    assert code_of(inside) != code_of(after)
