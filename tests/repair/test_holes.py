from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fakes.house import House
from r1code.repair.holes import Hole, in_turn, lines_as_holes, statements_as_holes
from r1code.repair.places import Suspect, definition_text
from r1code.repo.symbols import outline
from r1code.tools.replace import replace_definitions

FILE = '''\
"""Fees."""

RATE = 25


class Desk:
    def fee(self, days):
        """What it costs.

        return nothing
        """
        # days first
        if days <= 2:
            return 0
        total = sum(
            [days],
        )
        total += RATE
        return min(total, 100)
'''


def suspects_in(text: str) -> list[Suspect]:
    return [
        Suspect(
            path="a.py",
            name=one.name,
            kind=one.kind,
            first=one.first,
            indent=one.indent,
            text=definition_text(text, one),
        )
        for one in outline(text).definitions
        if one.kind != "class"
    ]


def all_holes(folder: Path, text: str = FILE) -> list[Hole]:
    return lines_as_holes(House(folder, [], files={"a.py": text}).tree, suspects_in(text))


def all_statements(folder: Path, text: str = FILE) -> list[Hole]:
    return statements_as_holes(House(folder, [], files={"a.py": text}).tree, suspects_in(text))


def test_every_line_that_may_be_wrong_is_a_hole_and_keeps_what_kind_of_line_it_is(tmp_path: Path) -> None:
    found = all_holes(tmp_path)
    shown = [(hole.before.rpartition("\n")[2].strip(), hole.removed) for hole in found]
    assert shown == [
        ("RATE =", "25"),
        ("if", "days <= 2:"),
        ("return", "0"),
        ("total =", "sum("),
        ("", "[days],"),
        ("total +=", "RATE"),
        ("return", "min(total, 100)"),
    ]
    for hole in found:
        assert f"{hole.before}{hole.removed}{hole.after}" == FILE


def test_a_filled_hole_is_the_new_text_of_the_definition(tmp_path: Path) -> None:
    found = all_holes(tmp_path)
    last = found[-1].filled("max(total, 7)\nand more")
    assert last is not None
    assert replace_definitions(FILE, last, "a.py")[0] == FILE.replace("min(total, 100)", "max(total, 7)")
    assert found[0].filled("30") == "RATE = 30\n"


def test_what_changes_nothing_or_breaks_the_file_is_no_answer(tmp_path: Path) -> None:
    hole = all_holes(tmp_path)[-1]
    assert [hole.filled(text) for text in ("", "  ", "min(total, 100)  ", "min(total", ") + (")] == [None] * 5


def test_a_file_that_cannot_be_parsed_has_no_holes(tmp_path: Path) -> None:
    assert all_holes(tmp_path, "X = (\nY = 1\n") == []


@given(answer=st.text(st.sampled_from("abc =+()[]:,#'\n"), max_size=20))
def test_any_answer_changes_its_line_at_most(answer: str) -> None:
    text = 'def f(a):\n    """Doc."""\n    return a\n'
    suspect = Suspect(path="a.py", name="f", kind="function", text=text, first=1, indent=0)
    before, after = 'def f(a):\n    """Doc."""\n    return ', "\n\n\ndef g():\n    return 2\n"
    hole = Hole(suspect=suspect, number=3, before=before, after=after, removed="a", is_statement=False)
    content = hole.filled(answer)
    if content is not None:
        assert content.splitlines()[:2] == text.splitlines()[:2]
        assert len(content.splitlines()) == 3
        assert content.startswith(before)


def test_statements_are_holes_as_a_whole_and_compound_ones_are_none(tmp_path: Path) -> None:
    found = all_statements(tmp_path)
    assert [(hole.number, hole.removed) for hole in found] == [
        (14, "return 0"),
        (14, ""),
        (15, "total = sum(\n            [days],\n        )"),
        (18, "total += RATE"),
        (19, "return min(total, 100)"),
        (19, ""),
    ]
    for hole in found:
        assert not hole.removed or f"{hole.before}{hole.removed}{hole.after}" == FILE


def test_what_may_be_missing_goes_behind_what_is_returned(tmp_path: Path) -> None:
    hole = all_statements(tmp_path)[-1]
    content = hole.filled("if total < 5:\n            result = 5\n        log(result)\n")
    assert content is not None
    assert replace_definitions(FILE, content, "a.py")[0] == FILE.replace(
        "        return min(total, 100)",
        "        result = min(total, 100)\n        if total < 5:\n            result = 5\n        log(result)\n"
        "        return result",
    )
    assert hole.filled("") is None


def test_a_statement_may_become_several_lines_and_ends_where_the_indentation_does(tmp_path: Path) -> None:
    hole = all_statements(tmp_path)[-2]
    answer = "most = 7\n        return min(total, most)\n\n    def other(self):\n        pass\n"
    content = hole.filled(answer)
    assert content is not None
    new = "most = 7\n        return min(total, most)"
    assert replace_definitions(FILE, content, "a.py")[0] == FILE.replace("return min(total, 100)", new)


def test_a_long_file_is_shown_around_the_hole_in_whole_lines(tmp_path: Path) -> None:
    many = "".join(f"X{number} = {number}\n" for number in range(60))
    hole = all_holes(tmp_path, f"{many}{FILE}{many}".replace("Desk", "Desk1"))[70]
    before, after = hole.window(300)
    assert len(before) + len(after) <= 300
    assert hole.before.endswith(f"\n{before}")
    assert hole.after.startswith(f"{after}\n")
    assert all_holes(tmp_path / "short")[-1].window(10_000) == (all_holes(tmp_path / "same")[-1].before, "\n")


def test_an_answer_ends_where_its_definition_does(tmp_path: Path) -> None:
    hole = all_statements(tmp_path)[-2]
    assert hole.filled("return 1\n\n    def more(self):\n        pass") == hole.filled("return 1")


def test_what_few_passing_tests_execute_comes_first_and_what_is_not_executed_not_at_all(tmp_path: Path) -> None:
    found = all_holes(tmp_path)
    executed = {"a.py": {13: 9, 15: 5, 16: 5, 18: 5, 19: 2}}
    # RATE, a definition of its own that no line of the trace belongs to, is tried between the lines of `fee`.
    assert [hole.number for hole in in_turn(found, executed)] == [3, 19, 18, 16, 15, 13]
    assert [hole.number for hole in in_turn(found, {})] == [hole.number for hole in found]


@given(answer=st.text(st.sampled_from("ab =+()[]:#\n    "), max_size=30))
def test_any_statement_leaves_the_rest_of_its_definition_alone(answer: str) -> None:
    text = 'def f(a):\n    """Doc."""\n    b = a\n    return b\n'
    suspect = Suspect(path="a.py", name="f", kind="function", text=text, first=1, indent=0)
    before, after = 'def f(a):\n    """Doc."""\n    ', "\n    return b\n\n\ndef g():\n    return 2\n"
    hole = Hole(suspect=suspect, number=3, before=before, after=after, removed="b = a", is_statement=True)
    content = hole.filled(answer)
    if content is not None:
        assert content.startswith(before.rstrip(" "))
        assert content.endswith("\n    return b\n")
        assert outline(content).error is None
