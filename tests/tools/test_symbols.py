"""What the model finds by name: files, outlines, definitions with their text, references and callers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fakes.house import House
from r1code.control import Control
from r1code.errors import ToolError
from r1code.repo.index.index import FILE, Index
from r1code.tools.list import List
from r1code.tools.search import Search
from r1code.tools.symbols import MOST_USES, Symbols

SECRET = "AKIA" + "Q7Z2M4X8K1P9D3F6"
FILES = {
    "shop/cart.py": (
        "from shop.money import split\n\n\nclass Cart:\n    '''What is bought.'''\n\n"
        "    def shares(self):\n        return split(self.total, 2)\n"
    ),
    "shop/money.py": f"def split(cents, people):\n    key = '{SECRET}'\n    return [cents // people] * people\n",
    "tests/test_money.py": (
        "from shop.money import split\n\n\ndef test_split():\n    assert split(4, 2) == [2, 2]\n"
    ),
    "web/app.js": "function split(text) {\n  return text;\n}\nconst parts = split('a');\n",
    ".env": "split=1\n",
}


class Tools:
    def __init__(self, folder: Path, index: Index, house: House) -> None:
        self.house = house
        symbols = Symbols(house.tree, index, house.vault.hide)
        self._list = List(house.tree, symbols)
        self._search = Search(house.tree, house.vault.hide, symbols)

    def list(self, **arguments: str) -> str:
        return self._list.read(arguments, Control()).text

    def search(self, **arguments: str) -> str:
        return self._search.read(arguments, Control()).text


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    house = House(tmp_path, [], files=FILES)
    with closing(Index(tmp_path / FILE, house.store)) as index:
        yield Tools(tmp_path, index, house)


def test_files_are_found_by_glob_and_by_a_part_of_their_name(tools: Tools) -> None:
    assert tools.list(name="*.py").splitlines() == [
        "3 files named *.py",
        "shop/cart.py",
        "shop/money.py",
        "tests/test_money.py",
    ]
    assert tools.list(name="**/test_*", path="tests").splitlines()[1:] == ["tests/test_money.py"]
    assert tools.list(name="Money").splitlines()[1:] == ["shop/money.py", "tests/test_money.py"]
    for wrong in ({"name": "*.rs"}, {"name": "*.py", "path": "web"}, {"name": ".env"}, {"path": "shop/gone"}):
        with pytest.raises(ToolError, match="list/"):
            tools.list(**wrong)
    with pytest.raises(ToolError, match=r"Similar names: shop/cart.py"):
        tools.list(path="cart.py")


def test_a_file_and_a_folder_have_outlines(tools: Tools) -> None:
    assert tools.list(path="shop/cart.py").splitlines() == [
        "shop/cart.py defines:",
        "4-8: class Cart",
        "  7-8: def shares(self)",
    ]
    assert tools.list(path="shop", definitions="yes").splitlines() == [
        "2 files below shop define:",
        "shop/cart.py",
        "  4-8: class Cart",
        "shop/money.py",
        "  1-3: def split(cents, people)",
    ]


def test_a_definition_is_shown_with_its_text_and_without_secrets(tools: Tools) -> None:
    told = tools.search(symbol="split")
    assert told.startswith("2 definitions of split\n\nshop/money.py (lines 1-3):\ndef split(cents, people):\n")
    assert SECRET not in told
    assert "hidden_" in told
    assert "web/app.js (lines 1-3):\nfunction split(text)" in told
    assert "web/app.js" not in tools.search(symbol="split", path="shop")
    assert tools.search(symbol="Cart.shares").splitlines()[2] == "shop/cart.py (lines 7-8, in Cart):"
    with pytest.raises(ToolError, match="Similar names: split"):
        tools.search(symbol="splitt")


def test_references_and_callers_of_a_name_are_listed_code_before_tests(tools: Tools) -> None:
    assert tools.search(references="split", path="shop").splitlines() == [
        "2 lines in 1 files use split",
        "shop/cart.py:1: from shop.money import split",
        "shop/cart.py:8: return split(self.total, 2)",
    ]
    assert tools.search(callers="split").splitlines() == [
        "split is called by 3 definitions",
        "shop/cart.py:8: def shares(self) (in Cart)",
        "web/app.js:4: (top level)",
        "tests/test_money.py:5: def test_split()",
    ]
    assert tools.search(callers="shares") == "nothing calls shares"
    assert tools.search(references="Cart") == "nothing uses Cart"


def test_what_is_left_out_is_said(tools: Tools) -> None:
    text = "from shop.money import split\n" + "split(1, 1)\n" * (MOST_USES + 10)
    tools.house.tree.write({"many.py": text.encode(), "more.py": b"def long():\n" + b"    x = 1\n" * 200})
    told = tools.search(references="split")
    assert told.endswith("[56 more lines in many.py (56); path=... narrows it]")
    assert "tests/test_money.py:5:" in told
    assert tools.search(symbol="long").endswith(
        '[81 more lines; <read path="more.py" lines="121-201"/> shows them]'
    )


def test_a_search_is_for_one_thing(tools: Tools) -> None:
    assert "shop/money.py:1:" in tools.search(pattern="def split")
    for wrong in ({}, {"pattern": "a", "symbol": "b"}):
        with pytest.raises(ToolError, match="only one"):
            tools.search(**wrong)
    with pytest.raises(ToolError, match="no index"):
        Search(tools.house.tree).read({"symbol": "split"}, Control())
