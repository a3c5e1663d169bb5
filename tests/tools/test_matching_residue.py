"""What models leave around the lines of a block: fences and line numbers."""

from __future__ import annotations

import pytest

from fakes.matching import applied, noted, refused

TEXT = "def a():\n    return 1\n\n\ndef b():\n    return 2\n"
CLASS = "class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n"
LONG = "def f():\n    a = 1\n    b = 2\n    c = 3\n    return a\n\ndef g():\n    return 0\n"


@pytest.mark.parametrize("fence", ["```", "```python", "~~~", "````js"])
def test_a_fence_that_the_file_does_not_have_is_left_out(fence: str) -> None:
    closer = fence.rstrip("python").rstrip("js")
    search, replacement = (f"{fence}\n{part}\n{closer}\n" for part in ("    return 2", "    return 3"))
    assert applied(TEXT, search, replacement) == TEXT.replace("2", "3")
    assert applied(TEXT, search, "    return 3\n") == TEXT.replace("2", "3")
    assert "code fence around it was left out" in noted(TEXT, search, replacement)


def test_a_fence_that_opens_in_search_and_closes_in_replace() -> None:
    assert applied(TEXT, "```\n    return 2\n", "    return 3\n```\n") == TEXT.replace("2", "3")
    assert applied(TEXT, "```\n    return 2\n", "```\n") == TEXT.replace("    return 2\n", "")


def test_fences_of_the_file_are_text() -> None:
    text = "Run:\n```\nmake\n```\n"
    assert applied(text, "```\nmake\n```\n", "```\nmake all\n```\n") == text.replace("make", "make all")
    told = refused("Run:\n```\nmake\n```\nthen\nstop\n", "```\nstop\n```\n")
    assert "do not stand" in told


@pytest.mark.parametrize(
    ("search", "replacement"),
    [
        ("```\n```\n", "x\n"),
        ("```\n    return 2\n```\n", "```\n    return 3\n"),
        ("```\n    return 2\n```\n", "```\na\n```\nb\n```\n"),
        ("```\n    return 2\n", "    return 3\n"),
    ],
)
def test_fences_that_surround_nothing_or_not_all_are_refused(search: str, replacement: str) -> None:
    assert "do not stand" in refused(TEXT, search, replacement)


@pytest.mark.parametrize("form", ["{}: ", "{}:", "{}| ", "{} | ", "{}|", "{}\t", "  {}\t", "{:>6}\u2192"])
@pytest.mark.parametrize("both", [True, False])
def test_line_numbers_are_left_out(form: str, both: bool) -> None:
    search = "".join(
        f"{form.format(row)}{line}\n" for row, line in enumerate(["", "", "def b():", "    return 2"], 3)
    )
    lines = ["", "", "def c():", "    return 3"]
    replacement = "".join(f"{form.format(row) if both else ''}{line}\n" for row, line in enumerate(lines, 3))
    assert applied(TEXT, search, replacement) == TEXT.replace("def b", "def c").replace("2", "3")
    assert "line numbers before it were left out" in noted(TEXT, search, replacement)


def test_numbers_of_empty_lines_may_have_lost_their_blank() -> None:
    assert applied(TEXT, "4:\n5: def b():\n", "4:\n5: def c():\n") == TEXT.replace("def b", "def c")


@pytest.mark.parametrize(
    ("search", "replacement"),
    [
        ("5: def b():\n    return 2\n", "x\n"),  # not all
        ("5: def b():\n7:     return 2\n", "x\n"),  # not one after another
        ("5: def b():\n6|     return 2\n", "x\n"),  # not the same sign
        ("5: def b():\n6:     return 2\n", "5: def c():\n    return 2\n"),  # not all of REPLACE
        ("2: def b():\n", "2: def c():\n"),  # a single one, and not the right one
        ("5: def b():\n6: return 2\n", "def c():\n    return 2\n"),  # ragged
        ("5:   def b():\n6:       return 2\n", "def c():\n    return 2\n"),  # shifted, but REPLACE is not
    ],
)
def test_numbers_that_may_be_something_else_are_refused(search: str, replacement: str) -> None:
    assert "do not stand" in refused(TEXT, search, replacement)


def test_a_single_number_must_be_the_right_one() -> None:
    assert applied(TEXT, "5: def b():\n", "5: def c():\n") == TEXT.replace("def b", "def c")


def test_numbers_of_the_file_are_text() -> None:
    assert applied("1: a\n2: b\n", "1: a\n2: b\n", "1: c\n") == "1: c\n"


def test_a_fence_numbers_and_an_elision_together() -> None:
    search = "```\n1\tdef f():\n2\t...\n3\t    return a\n```\n"
    replacement = "```\n1\tdef f():\n2\t...\n3\t    return x\n```\n"
    assert applied(LONG, search, replacement) == LONG.replace("return a", "return x")
    assert "do not stand" in refused(LONG, search, "def f():\n...\n    return x\n")


def test_numbers_and_two_places_are_refused() -> None:
    assert "2 times" in refused("a\nb\na\nb\n", "1: a\n2: b\n", "c\n")
