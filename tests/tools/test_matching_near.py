from __future__ import annotations

import time

import pytest

from r1code.errors import ToolError
from r1code.tools.matching import Block, replace_all

TEXT = """\
import os


class Desk:
    def lend(self, book, reader):
        # one copy for each reader
        if book in self.lent:
            raise KeyError(book)
        self.lent[book] = reader
        return self.days(book)

    def back(self, book):
        return self.lent.pop(book)
"""
LEND = "        if book in self.lent:\n            raise KeyError(book)\n        self.lent[book] = reader\n"


def told(text: str, search: str, replacement: str = "new\n") -> str:
    with pytest.raises(ToolError) as caught:
        replace_all(text, [Block(search, replacement)], path="a.py")
    return str(caught.value)


def test_the_nearest_lines_and_the_first_difference_are_told() -> None:
    assert told(TEXT, LEND.replace("KeyError", "ValueError")) == (
        "Block 1: the SEARCH lines do not stand in a.py, so nothing was changed. The nearest are lines 7 to 9:\n"
        f"{LEND}"
        "The file has '            raise KeyError(book)' where your SEARCH has "
        "'            raise ValueError(book)'. Copy the lines exactly as they are, with their indentation."
    )


def test_a_line_that_search_leaves_out_is_told() -> None:
    message = told(TEXT, LEND.replace("            raise KeyError(book)\n", ""))
    assert "nearest are lines 7 to 9" in message
    assert "Your SEARCH leaves out line 8 of the file, '            raise KeyError(book)'. Copy" in message


def test_a_line_that_the_file_does_not_have_is_told() -> None:
    message = told(TEXT, LEND.replace("self.lent[", "x = 1\n        y = 2\n        self.lent["))
    assert "Your SEARCH has a line too many: '        x = 1', and 1 more. Copy" in message


def test_lines_in_another_order_are_found() -> None:
    first, second, third = LEND.splitlines(keepends=True)
    assert "nearest are lines 7 to 9" in told(TEXT, third + second + first)


def test_what_was_cut_off_is_found() -> None:
    assert "nearest are lines 12 to 13" in told(TEXT, "    def back(self, book):\n        return self.l\n")
    assert "nearest are lines 6 to 6" in told(TEXT, "        # one co\n")


def test_white_space_within_a_line_is_a_difference() -> None:
    assert "(only the white space differs)" in told(TEXT, "        self.lent[book]  =  reader\n")


def test_of_ragged_places_the_one_with_the_same_indentation_is_named() -> None:
    text = "  a()\n    b()\n\nx\n\n    a()\n  b()\n"
    assert "nearest are lines 6 to 7" in told(text, "    a()\n b()\n")


def test_nothing_near_is_said() -> None:
    assert "No lines there are like them. Read the file" in told(TEXT, "@wraps\nasync function()\n")
    assert "No lines there are like them" in told("", "a\n")
    assert "No lines there are like them" in told("a\n", "\n \n")


def test_of_many_lines_those_around_the_first_difference_are_shown() -> None:
    lines = [f"line {row}\n" for row in range(1, 301)]
    message = told("".join(lines), "".join([*lines[:100], "changed\n", *lines[101:200]]))
    assert "nearest are lines 1 to 200" in message
    assert "[...]\nline 91\n" in message
    assert "\nline 130\n[...]\n" in message
    assert "'line 101' where your SEARCH has 'changed'" in message


def test_of_long_lines_a_part_is_shown() -> None:
    long = "x = [" + ", ".join(str(number) for number in range(10_000)) + "]\n"
    message = told(long, long.replace(" 5000,", " 5000.5,"))
    assert len(message) < 1500
    assert "5000, 5001" in message
    assert "5000.5, 5001" in message


def test_time_grows_with_the_file_and_not_with_its_square() -> None:
    def seconds(size: int) -> float:
        text = "".join(f"    call_{row % 977}(value, {row})\n" if row % 3 else "    }\n" for row in range(size))
        search = "    }\n    call_9(value, 8)\n    changed()\n    }\n"
        began = time.process_time()
        assert "nearest are" in told(text, search)
        return time.process_time() - began

    seconds(1000)
    small, large = (min(seconds(size) for _ in range(3)) for size in (4000, 32_000))
    assert large < 8 * 3 * small


@pytest.mark.parametrize(
    ("text", "search"),
    [
        ("x = 1\n" * 20_000, "x = 1\n" * 999 + "y\n"),
        ("f(a,b){return a+b};" * 20_000 + "\n", "f(a,b){return a+b};" * 20_000 + "y\n"),
        ("\n" * 20_000, "\n" * 500 + "y\n"),
        ("".join(f"{row}\n" for row in range(20_000)), "".join(f"{row}\nx\n" for row in range(0, 4000, 2))),
    ],
)
def test_hostile_files_take_no_long_time(text: str, search: str) -> None:
    began = time.process_time()
    told(text, search)
    assert time.process_time() - began < 5
