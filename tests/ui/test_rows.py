from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from r1code.ui.flow import cells
from r1code.ui.piece import Piece
from r1code.ui.rows import rows

TEXTS = st.text(st.sampled_from("ab c\t总価\u0301\u0302한é\U0001f600"), max_size=40)


def texts(found: list[list[Piece]]) -> list[str]:
    return ["".join(piece.text for piece in row) for row in found]


@given(st.lists(TEXTS, max_size=3), st.integers(1, 30))
def test_rows_fit_and_hold_all_of_it(parts: list[str], room: int):
    found = rows([Piece(text, "added" if index % 2 else "plain") for index, text in enumerate(parts)], room)
    assert max(map(cells, texts(found))) <= max(8, room)
    whole, shown = "".join(parts), "".join(texts(found))
    assert shown.replace(" ", "") == whole.replace(" ", "").replace("\t", "")
    assert not any(unicodedata.combining(row[0]) for row in texts(found)[1:])


def test_styles_stay_with_their_text():
    found = rows([Piece("abcdef", "removed"), Piece("ghij", "removed word"), Piece("kl", "removed")], 8)
    assert found == [
        [Piece("abcdef", "removed"), Piece("gh", "removed word")],
        [Piece("ij", "removed word"), Piece("kl", "removed")],
    ]


def test_a_tab_stops_at_the_same_column_wherever_the_line_is_broken():
    assert texts(rows([Piece("\ta\tb\t总\tc")], 80)) == ["    a   b   总  c"]
    assert texts(rows([Piece("123456\tx")], 8)) == ["123456  ", "x"]
    assert texts(rows([Piece("1234567890\tx")], 8)) == ["12345678", "90  x"]


def test_a_wide_character_is_never_cut():
    assert texts(rows([Piece("总价总价总")], 9)) == ["总价总价", "总"]


def test_an_empty_line_is_one_row():
    assert rows([], 10) == [[]]
