from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fakes.house import House
from r1code.repair.holes import Hole, holes
from r1code.repair.places import Suspect
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


def all_holes(folder: Path, text: str = FILE) -> list[Hole]:
    house = House(folder, [], files={"a.py": text})
    lines = text.splitlines(keepends=True)
    found = [
        Suspect(
            path="a.py",
            name=one.name,
            first=one.first,
            indent=one.indent,
            text="".join(
                line[one.indent :] if line.strip() else "\n" for line in lines[one.first - 1 : one.last]
            ),
        )
        for one in outline(text).definitions
        if one.kind != "class"
    ]
    return holes(house.tree, found)


def test_every_line_that_may_be_wrong_is_a_hole_and_keeps_what_kind_of_line_it_is(tmp_path: Path) -> None:
    found = all_holes(tmp_path)
    shown = [(hole.before.rpartition("\n")[2].strip(), hole.line) for hole in found]
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
        assert f"{hole.before}{hole.line}{hole.after}" == FILE


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
    suspect = Suspect(path="a.py", name="f", text=text, first=1, indent=0)
    before, after = 'def f(a):\n    """Doc."""\n    return ', "\n\n\ndef g():\n    return 2\n"
    content = Hole(suspect=suspect, row=2, before=before, after=after, line="a").filled(answer)
    if content is not None:
        assert content.splitlines()[:2] == text.splitlines()[:2]
        assert len(content.splitlines()) == 3
        assert content.startswith(before)
