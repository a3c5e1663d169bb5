from __future__ import annotations

from pathlib import Path

import pytest

from fakes.house import House
from fakes.source import FEES as FILE
from r1code.errors import ToolError
from r1code.repo.symbols import outline
from r1code.tools.insert import inserted

NEW = "def new(x):\n    return x\n"
METHOD = "    def new(self):\n        return 1\n"


def put(content: str, **where: str) -> str:
    ((side, name),) = where.items()
    text, line = inserted(FILE, content, side=side, name=name, path="a.py")
    first = next(row.strip() for row in content.split("\n") if row.strip())
    assert text.split("\n")[line - 1].strip() == first
    assert outline(text).error is None
    return text


def test_a_function_is_set_apart_as_functions_are():
    assert put(NEW, before="fee") == FILE.replace("@cache", f"{NEW}\n\n@cache")
    assert put(NEW, after="fee") == FILE.replace("days * 2\n", f"days * 2\n\n\n{NEW}")
    assert put(NEW, after="other") == f"{FILE}\n\n{NEW}"
    assert put(NEW, after="DAYS") == FILE.replace("DAYS = 3\n", f"DAYS = 3\n\n\n{NEW}")


def test_a_method_gets_the_indentation_of_its_class_however_it_was_sent():
    for content in (METHOD, METHOD.replace("    def", "def").replace("        return", "    return")):
        assert put(content, after="Desk.lend") == FILE.replace("return book\n", f"return book\n\n{METHOD}")
        assert put(content, before="lend") == FILE.replace("    def lend", f"{METHOD}\n    def lend")
        assert put(content, into="Desk") == FILE.replace("return False\n", f"return False\n\n{METHOD}")


def test_statements_and_constants_stand_close():
    assert put("log(days)", into="fee") == FILE.replace("days * 2\n", "days * 2\n    log(days)\n")
    assert put("MORE = 4", after="DAYS") == FILE.replace("DAYS = 3\n", "DAYS = 3\nMORE = 4\n")
    assert put("LESS = 2", before="DAYS") == FILE.replace("DAYS", "LESS = 2\nDAYS")
    assert put("count = 0", after="Desk.size") == FILE.replace("int = 1\n", "int = 1\n    count = 0\n")


def test_blank_lines_inside_stay_and_get_no_white_space():
    assert "        a = 1\n\n        b = 2\n" in put("a = 1\n\nb = 2", into="Desk.full")


def test_a_missing_last_newline_stays_missing():
    text, _ = inserted("def a():\n    pass", "x = 1", side="into", name="a", path="a.py")
    assert text == "def a():\n    pass\n    x = 1"


@pytest.mark.parametrize(
    ("attributes", "body", "reason"),
    [
        ('after="nope"', NEW, "no definition of nope. It defines: DAYS, fee, Desk"),
        ("", NEW, "exactly one of before, after and into"),
        ('after="fee" into="Desk"', NEW, "exactly one of before, after and into"),
        ('into="DAYS"', NEW, "is a constant"),
        ('after="fee"', "  \n", "nothing to insert"),
        ('after="fee"', "def broken(:\n", "could not be parsed any more"),
    ],
)
def test_what_has_no_place_is_refused_with_what_to_do(tmp_path: Path, attributes: str, body: str, reason: str):
    reply = f'<insert path="a.py" {attributes}>\n{body}</insert>'
    house = House(tmp_path, [reply, "<done>ok</done>"], files={"a.py": FILE})
    house.turn()
    assert any(reason in message.text for message in house.session.history() if message.role == "observation")
    assert house.file("a.py") == FILE


def test_a_name_that_stands_twice_is_refused():
    with pytest.raises(ToolError, match="more than once"):
        inserted(
            "class A:\n    def f(s): ...\nclass B:\n    def f(s): ...\n",
            "x = 1",
            side="after",
            name="f",
            path="a.py",
        )


def test_an_insertion_lands_and_only_python_has_symbols_so_far(tmp_path: Path):
    reply = f'<insert path="a.py" after="fee">\n{NEW}</insert>'
    house = House(tmp_path, [reply, "<done>ok</done>"], files={"a.py": FILE})
    house.turn()
    assert house.file("a.py") == put(NEW, after="fee")
    house = House(
        tmp_path / "b", ['<insert path="a.txt" after="x">\ny\n</insert>', "<done>ok</done>"], files={"a.txt": "x"}
    )
    house.turn()
    assert house.file("a.txt") == "x"
