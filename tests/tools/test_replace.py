from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.house import House
from fakes.source import FEES as FILE
from r1code.errors import ToolError
from r1code.tools.replace import replace_definitions


def replaced(content: str) -> str:
    return replace_definitions(FILE, content, "a.py")[0]


def refused(content: str, text: str = FILE) -> str:
    with pytest.raises(ToolError) as caught:
        replace_definitions(text, content, "a.py")
    return str(caught.value)


def test_a_function_with_its_decorators_is_replaced_and_nothing_else() -> None:
    assert replaced("def fee(days):\n    return days * 3\n") == FILE.replace(
        "@cache\ndef fee(days):\n    # keep it simple\n    return days * 2\n",
        "def fee(days):\n    return days * 3\n",
    )


def test_a_constant_is_replaced() -> None:
    assert replaced("DAYS = 5") == FILE.replace("DAYS = 3", "DAYS = 5")


def test_several_definitions_at_once() -> None:
    text, names = replace_definitions(FILE, "DAYS = 5\n\ndef other():\n    return DAYS\n", "a.py")
    assert names == ["DAYS", "other"]
    assert text == FILE.replace("DAYS = 3", "DAYS = 5").replace("return fee(1)", "return DAYS")


def test_a_method_is_found_by_its_name_and_gets_the_indentation_of_its_place() -> None:
    changed = replaced("def lend(self, book):\n    if book:\n        return 1\n")
    assert changed == FILE.replace(
        "    def lend(self, book):\n        return book\n",
        "    def lend(self, book):\n        if book:\n            return 1\n",
    )


def test_a_whole_class_may_be_replaced_but_not_a_part_of_it() -> None:
    assert "lend" in refused(
        "class Desk:\n    size = 2\n    @property\n    def full(self):\n        return True\n"
    )
    whole = "class Desk:\n    size = 2\n    def lend(self, book): pass\n    def full(self): pass\n"
    assert "    size = 2\n    def lend" in replaced(whole)


def test_known_imports_are_ignored_and_new_ones_are_added() -> None:
    changed = replaced("import os\nimport re\n\ndef other():\n    return re\n")
    assert changed.startswith('"""Fees."""\n\nimport os\nfrom datetime import date\nimport re\n\nDAYS')
    bare = replace_definitions('"""Doc."""\n\nX = 1\n', "import re\nX = re", "a.py")[0]
    assert bare == '"""Doc."""\nimport re\n\nX = re\n'


def test_what_has_no_place_or_two_is_refused() -> None:
    assert "It defines: DAYS, fee, Desk, Desk.size, Desk.lend, Desk.full, other" in refused("def nothing(): pass")
    twice = "class A:\n    def f(self): pass\nclass B:\n    def f(self): pass\n"
    assert "A.f (line 2), B.f (line 4)" in refused("def f(self): return 1", twice)


def test_what_is_no_definition_is_refused() -> None:
    assert "neither a definition nor an import" in refused("def other(): pass\nprint(other())\n")
    assert "not valid Python: line 2" in refused("def other():\n    return 1 +* 2\n")
    assert "defines nothing" in refused("# only a comment\n")


@given(
    st.lists(st.sampled_from(["DAYS = 9", "def fee(d):\n    return d", "def lend(self):\n    pass"]), unique=True)
)
def test_replacing_twice_changes_nothing_more(parts: list[str]) -> None:
    if parts:
        once = replaced("\n\n".join(parts))
        assert replace_definitions(once, "\n\n".join(parts), "a.py")[0] == once


def test_the_tool_keeps_line_ends(tmp_path: Path) -> None:
    reply = '<replace path="a.py">\n```python\ndef f():\n    return 2\n```\n</replace>'
    house = House(tmp_path, [reply, "<done/>"], files={})
    (house.root / "a.py").write_bytes(b"X = 1\r\ndef f():\r\n    return 1\r\n")
    house.turn()
    assert (house.root / "a.py").read_bytes() == b"X = 1\r\ndef f():\r\n    return 2\r\n"


def test_only_line_feeds_end_lines(tmp_path: Path) -> None:
    text = 'MARK = "a\u2028b"\n\x0c\ndef fee():\n    return 1\n\x0c\ndef other():\n    return 2\n'
    assert replace_definitions(text, "def other():\n    return 3\n", "a.py")[0] == text.replace(
        "return 2", "return 3"
    )
    house = House(tmp_path / "x", ['<read path="a.py" lines="6-7"/>', "<done>ok</done>"], files={"a.py": text})
    house.turn()
    assert "(lines 6-7 of 7)\ndef other():\n    return 2" in house.told()
