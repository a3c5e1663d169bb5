from __future__ import annotations

from pathlib import Path

import pytest

from fakes.shop import BREAKS, FILES, FIX_CART, FIX_MONEY, Shop
from r1code.budget import Meter
from r1code.events import CallFinished, Notice, TurnEnded
from r1code.profiles import Infill
from r1code.providers.scripted import ScriptedReply
from r1code.repair.places import failure_of, passages, source_of_test, suspects
from r1code.repair.verdict import is_better, is_same
from r1code.session import Session
from r1code.types import Budget, TestReport


@pytest.fixture(autouse=True)
def no_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


@pytest.mark.full
def test_one_failure_after_the_other_until_none_is_left(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [FIX_CART, FIX_MONEY])
    events = shop.repair()
    assert isinstance(events[-1], TurnEnded)
    assert events[-1].reason == "done"
    assert shop.report().failed == ()
    assert shop.file("tests/test_cart.py") == FILES["tests/test_cart.py"]
    kept = [event.text for event in events if isinstance(event, Notice) and "kept" in event.text]
    assert kept == ["kept: 1 failed, 2 passed", "kept: 3 passed"]


def test_a_model_that_fills_holes_is_asked_for_lines_first(tmp_path: Path) -> None:
    infill = Infill(file="FILE {path}\n{text}\n", hole="HOLE {path}\n{before}[...]{after}")
    shop = Shop(
        tmp_path, lambda request: "2" if "ROUND = [" in request.prompt else "cents(sum(prices))", infill=infill
    )
    events = shop.repair()
    assert isinstance(events[-1], TurnEnded)
    assert events[-1].reason == "done"
    assert shop.file("shop/cart.py") == FILES["shop/cart.py"].replace("prices[1:]", "prices")
    assert shop.file("shop/money.py") == FILES["shop/money.py"].replace("ROUND = 1", "ROUND = 2")
    asked = shop.provider.requests
    assert [(request.temperature, request.stop, request.messages) for request in asked[:2]] == [
        (0.0, ("\n",), ()),
        (0.0, ("\n",), ()),
    ]
    assert asked[0].prompt == (
        "FILE shop/cart.py\ndef total(prices):\nFILE shop/money.py\ndef cents(amount):\n"
        f"FILE tests/test_cart.py\n{FILES['tests/test_cart.py']}\nHOLE shop/cart.py\n"
        "from shop.money import cents\n\n\ndef total(prices):\n    return [...]\n"
    )


def test_after_the_likeliest_lines_come_statements_other_lines_and_then_definitions(tmp_path: Path) -> None:
    infill = Infill(file="", hole="{path}")
    files = {
        "conftest.py": "",
        "a.py": "X = 1\n",
        "test_a.py": "from a import X\n\n\ndef test_a():\n    assert X == 2\n",
    }
    fix = '<replace path="a.py">\nX = 2\n</replace>'
    fills = ["1", "1", "3", "3", "4", "3", *["X = 5", "5"] * 3]
    shop = Shop(tmp_path, [*[ScriptedReply(raw=fill) for fill in fills], fix], files, infill=infill)
    events = shop.repair(steps=30)
    assert events[-1].reason == "done"
    asked = [(request.temperature, request.stop) for request in shop.provider.requests]
    line = ("\n",)
    assert asked == [(0.0, line), *[(0.8, line)] * 5, *[(0.8, line)] * 6, (None, ())]
    # What stood there is not tested, and what was tried is not tried again.
    assert sum(isinstance(event, CallFinished) and event.name == "test" for event in events) == 5


TWO_HALVES = {
    "conftest.py": "",
    "store.py": (
        'class Item:\n    def __init__(self, name, note=""):\n        self.name, self.note = name, note\n'
    ),
    "read.py": (
        "from store import Item\n\n\ndef read(line):\n    name, _, note = line.partition(';')\n"
        "    return Item(name)\n"
    ),
    "show.py": "def show(item):\n    return item.name\n",
    "test_item.py": (
        "from read import read\nfrom show import show\n\n\n"
        "def test_the_note_is_shown():\n    assert show(read('a;b')) == 'a (b)'\n\n\n"
        "def test_there_may_be_no_note():\n    assert show(read('a')) == 'a'\n"
    ),
}


@pytest.mark.full
def test_two_changes_that_each_change_nothing_are_tried_together(tmp_path: Path) -> None:
    infill = Infill(file="", hole="{path}\n{before}[]")
    fills = {
        "read.py\nfrom store import Item\n\n\ndef read(line):\n    name, _, note = line.partition(';')\n"
        "    return []": "Item(name, note)",
        "show.py\ndef show(item):\n    return []": 'f"{item.name} ({item.note})" if item.note else item.name',
    }
    shop = Shop(tmp_path, lambda request: fills.get(request.prompt, "None"), TWO_HALVES, infill=infill)
    events = shop.repair(steps=30)
    assert events[-1].reason == "done"
    assert shop.report().failed == ()
    changed = {path for path in TWO_HALVES if shop.file(path) != TWO_HALVES[path]}
    assert changed == {"read.py", "show.py"}


def test_a_half_that_adds_nothing_the_test_speaks_of_is_not_paired(tmp_path: Path) -> None:
    infill = Infill(file="", hole="{path}\n{before}[]")
    shop = Shop(tmp_path, lambda request: "item.name + ''", TWO_HALVES, infill=infill)
    shop.repair(steps=12)
    assert {path: shop.file(path) for path in TWO_HALVES} == TWO_HALVES


def test_what_breaks_a_test_is_taken_back(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [BREAKS] * 3)
    end = shop.repair(steps=3)[-1]
    assert isinstance(end, TurnEnded)
    assert end.reason == "budget"
    assert {path: shop.file(path) for path in FILES} == FILES


def test_an_answer_that_does_not_help_is_followed_by_the_next_suspect(tmp_path: Path) -> None:
    nowhere = '<replace path="shop/nowhere.py">\nX = 1\n</replace>'
    shop = Shop(tmp_path, [BREAKS, "no block", nowhere, FIX_CART, FIX_MONEY])
    shop.repair()
    asked = [request.messages for request in shop.provider.requests]
    # Each question is a conversation of its own, and those about one test share all but their end.
    assert [len(messages) for messages in asked] == [1] * 5
    named = [messages[0].content.rpartition("Suppose that the mistake is in ")[2] for messages in asked]
    assert [text.partition(":")[0] for text in named[:3]] == [
        "`total` of shop/cart.py",
        "`cents` of shop/money.py",
        "`ROUND` of shop/money.py",
    ]
    assert asked[0][0].content.partition("Suppose")[0] == asked[2][0].content.partition("Suppose")[0]
    assert shop.report().failed == ()


def test_a_change_that_was_tried_before_is_not_tested_again(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [BREAKS] * 3)
    events = shop.repair(steps=3)
    assert sum(isinstance(event, CallFinished) and event.name == "test" for event in events) == 1


def test_a_definition_that_was_copied_is_changed_in_both_places(tmp_path: Path) -> None:
    files = {
        "conftest.py": "",
        "a.py": 'SIGN = "+"\n\n\ndef write(n):\n    return SIGN + str(n)\n',
        "b.py": 'SIGN = "+"\n\n\ndef read(text):\n    return int(text.removeprefix(SIGN))\n',
        "test_ab.py": (
            "from a import write\nfrom b import read\n\n\ndef test_form():\n    assert write(1) == '#1'\n"
            "    assert read('#1') == 1\n\n\ndef test_both():\n    assert read(write(2)) == 2\n"
        ),
    }
    shop = Shop(tmp_path, ['<replace path="a.py">\nSIGN = "#"\n</replace>'], files)
    end = shop.repair()[-1]
    assert isinstance(end, TurnEnded)
    assert (end.reason, end.steps) == ("done", 1)
    assert 'SIGN = "#"' in shop.file("b.py")


def test_a_failure_that_reaches_no_code_is_given_up(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [], {"conftest.py": "", "test_x.py": "def test_x():\n    assert 1 == 2\n"})
    end = shop.repair()[-1]
    assert isinstance(end, TurnEnded)
    assert (end.reason, end.steps) == ("gave_up", 0)


def test_each_question_has_its_own_seed_and_the_same_in_every_run(tmp_path: Path) -> None:
    first, second = (Shop(tmp_path / name, [BREAKS, FIX_CART, FIX_MONEY]) for name in "ab")
    first.repair()
    second.repair()
    assert [request.seed for request in first.provider.requests] == [5, 6, 7]
    assert first.provider.requests == second.provider.requests


def test_a_protected_file_is_not_replaced(tmp_path: Path) -> None:
    cheat = '<replace path="tests/test_cart.py">\ndef test_one():\n    pass\n</replace>'
    shop = Shop(tmp_path, [cheat])
    shop.repair(steps=1)
    assert shop.file("tests/test_cart.py") == FILES["tests/test_cart.py"]


def test_every_call_in_the_log_has_one_observation(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [BREAKS, FIX_CART])
    list(zip(range(7), shop.pipeline.turn(shop.report(), Meter(Budget()), shop.control), strict=False))
    shop.pipeline = None
    shop.session.close()
    session = Session.load(shop.session.folder)
    assert session.dangling() == []
    session.close()


def test_suspects_are_what_the_test_reaches_nearest_first(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [])
    report = shop.report()
    name = "tests/test_cart.py::test_exact"
    failure = failure_of(report, name)
    assert "1.2 == 1.25" in failure
    found = suspects(shop.tree, name, failure)
    assert [(one.path, one.name) for one in found] == [
        ("shop/cart.py", "total"),
        ("shop/money.py", "cents"),
        ("shop/money.py", "ROUND"),
    ]
    assert [one.path for one in passages(found, 100)] == ["shop/cart.py"]
    assert source_of_test(shop.tree, name) == "def test_exact():\n    assert total([0, 1.25]) == 1.25\n"


def test_helpers_of_tests_lead_to_suspects_and_are_none(tmp_path: Path) -> None:
    files = {
        "a.py": "class Box:\n    def size(self):\n        return 1\n",
        "tests/test_a.py": (
            "from a import Box\n\n\ndef made():\n    return Box().size()\n\n\n"
            "def test_a():\n    assert made() == 2\n"
        ),
    }
    shop = Shop(tmp_path, [], files)
    assert [one.name for one in suspects(shop.tree, "tests/test_a.py::test_a", "")] == ["Box", "Box.size"]


def test_better_means_something_fixed_and_nothing_broken() -> None:
    before = TestReport(passed=("a",), failed=("x", "y"), structured=True, exit_code=1)
    better = TestReport(passed=("a", "x"), failed=("y",), structured=True, exit_code=1)
    assert is_better(before, better)
    assert not is_better(before, before)
    assert not is_better(before, TestReport(passed=("x", "y"), failed=("a",), structured=True, exit_code=1))
    assert not is_better(before, TestReport(passed=("a", "x", "y"), structured=False, exit_code=0))
    assert is_same(before, before)
    assert not is_same(before, better)
    assert not is_same(before, TestReport(passed=("a",), failed=("x",), structured=True, exit_code=1))
    unloaded = TestReport(uncollected=("m",), structured=True, exit_code=2)
    assert is_better(unloaded, better)
