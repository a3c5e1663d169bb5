from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from r1code.errors import ToolError
from r1code.tools.matching import replace_once

TEXT = "def a():\n    return 1\n\n\ndef b():\n    return 2\n"
LINES = st.lists(st.sampled_from(["a", "b", "", "  a", "x = 1"]), max_size=8).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)


def refused(text: str, search: str, replacement: str = "new\n") -> str:
    with pytest.raises(ToolError) as caught:
        replace_once(text, search, replacement, path="a.py", number=2)
    return str(caught.value)


def test_the_one_place_is_replaced() -> None:
    changed = replace_once(TEXT, "    return 2\n", "    return 3\n", path="a.py", number=1)
    assert changed == TEXT.replace("2", "3")


def test_two_places_are_refused_and_named() -> None:
    told = refused("x = 1\ny = 2\nx = 1\n", "x = 1\n")
    assert "Block 2" in told
    assert "2 times" in told
    assert "lines 1, 3" in told


def test_a_part_of_a_line_does_not_match() -> None:
    assert "do not stand" in refused("xx = 1\n", "x = 1\n")


def test_missing_lines_are_answered_with_the_nearest_and_the_difference() -> None:
    told = refused(TEXT, "def b():\n  return 2\n")
    assert "nearest are lines 5 to 6" in told
    assert "'    return 2'" in told
    assert "only the white space differs" in told


def test_nothing_near_is_said() -> None:
    assert "No lines there are like them" in refused(TEXT, "class Quite(Different):\n    pass\n")


def test_an_empty_search_and_an_edit_that_changes_nothing_are_refused() -> None:
    assert "<write>" in refused(TEXT, "")
    assert "identical" in refused(TEXT, "def a():\n", "def a():\n")


def test_a_file_without_a_final_newline_stays_without() -> None:
    assert replace_once("a\nb", "b\n", "c\n", path="a", number=1) == "a\nc"
    assert replace_once("a\nb", "a\n", "c\n", path="a", number=1) == "c\nb"


@given(before=LINES, search=LINES, after=LINES, replacement=LINES)
def test_only_the_found_lines_change(before: str, search: str, after: str, replacement: str) -> None:
    assume(search and search != replacement)
    text = before + search + after
    places = sum(text.startswith(search, at) for at in range(len(text)) if at == 0 or text[at - 1] == "\n")
    if places == 1:
        assert replace_once(text, search, replacement, path="a", number=1) == before + replacement + after
    else:
        assert f"{places} times" in refused(text, search, replacement)
