"""Lists of names and what they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from r1code.ui.flow import cells
from r1code.ui.repl.commands import COMMANDS
from r1code.ui.repl.listed import listed

WORDS = st.text(st.sampled_from("ab 中é"), max_size=60)


def test_the_commands_fit_a_terminal_with_a_column_for_what_each_is_for():
    rows = [(f"/{name} {one.usage}".rstrip(), one.about) for name, one in COMMANDS.items()]
    shown = listed(rows, 80)
    assert max(map(cells, shown.split("\n"))) <= 80
    assert "  /undo [step] [--force]            take back the last turn, or step\n" in shown
    # What is too long for its column is on a line of its own.
    assert "keep N | drop N]\n                                    changes hunk by hunk\n" in shown


@given(st.lists(st.tuples(WORDS, WORDS), max_size=5), st.integers(30, 120))
def test_no_line_is_too_wide_and_no_word_is_lost(rows: list[tuple[str, str]], width: int):
    shown = listed(rows, width)
    assert all(cells(line) <= width for line in shown.split("\n"))
    assert "".join(shown.split()) == "".join("".join(row) for row in rows).replace(" ", "")
