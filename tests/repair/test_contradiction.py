from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code import prompts
from r1code.repair.asked_python import asked
from r1code.repair.conclusion import conclusion
from r1code.repair.contradiction import contradictions
from r1code.types import Case, Check, TestReport, Verdict

HEAD = "from shop.cart import total\nimport shop\n\n"
ONE, TWO = "tests/test_a.py::test_one", "tests/test_a.py::test_two"


def found(text: str, *, targets: tuple[str, ...] = (ONE,), passed: tuple[str, ...] = (TWO,)) -> int:
    return len(list(contradictions({"tests/test_a.py": HEAD + text}, targets, passed)))


def pair(one: str, two: str, before: str = "") -> str:
    return f"{before}def test_one():\n    {one}\n\n\ndef test_two():\n    {two}\n"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("assert total([1]) == 1", "assert total([1]) == 2"),
        ("assert total([1], discount=2) == 1", "assert 2 == total([1], discount=2)"),
        ("assert total('a') is True", "assert total('a') is None"),
        ("assert total((1, 2)) == {'a': 1}", "assert total((1, 2)) == {'a': 2}"),
        ("found = total([1])\n    assert found == 1", "wanted = 2\n    assert total([1]) == wanted"),
        ("assert total([1]) == 1e999", "assert total([1]) == 5"),
        ("assert total([1]) == 3\n    assert total([2]) == 1", "assert total([2]) == 2"),
    ],
)
def test_two_tests_that_expect_different_answers_of_one_call(one: str, two: str) -> None:
    assert found(pair(one, two)) == 1


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("assert total([1]) == 1", "assert total([2]) == 2"),
        ("assert total([1]) == 1", "assert total([1]) == 1.0"),
        ("assert total([1]) == 1", "assert total([1]) == True"),
        ("assert total([1]) == {'a': 1, 'b': 2}", "assert total([1]) == {'b': 2, 'a': 1}"),
        # It may answer differently each time.
        ("assert total() == 1", "assert total() == 2"),
        # What was done before may matter.
        ("shop.reset()\n    assert total([1]) == 1", "assert total([1]) == 2"),
        ("with shop.sale:\n        assert total([1]) == 1", "assert total([1]) == 2"),
        ("assert total([1]) != 1", "assert total([1]) == 1"),
        ("assert total(shop.x) == 1", "assert total(shop.x) == 2"),
        ("assert total(*[1]) == 1", "assert total(*[1]) == 2"),
        ("assert other([1]) == 1", "assert other([1]) == 2"),
        ("from a import total\n    assert total([1]) == 1", "assert total([1]) == 2"),
        ("found = shop.open()\n    assert total([1]) == 1", "assert total([1]) == 2"),
        ("assert total([1]) == float('nan')", "assert total([1]) == 2"),
    ],
)
def test_what_is_no_contradiction_for_certain(one: str, two: str) -> None:
    assert found(pair(one, two)) == 0


@pytest.mark.parametrize(
    "before",
    [
        "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef sale():\n    pass\n\n\n",
        "total = print\n\n\n",
        "def setup_function():\n    pass\n\n\n",
        "@mock\n",
        "import pytest\n\npytestmark = pytest.mark.usefixtures('sale')\n\n\n",
    ],
)
def test_what_prepares_a_test_makes_it_unreadable(before: str) -> None:
    assert found(pair("assert total([1]) == 1", "assert total([1]) == 2", before)) == 0


def test_both_tests_have_to_matter() -> None:
    text = pair("assert total([1]) == 1", "assert total([1]) == 2")
    assert found(text, targets=(), passed=(ONE, TWO)) == 0
    assert found(text, targets=(ONE,), passed=()) == 0
    assert found(text, targets=(ONE, TWO), passed=()) == 1


def test_methods_and_other_files_count_too() -> None:
    method = "class Test:\n    def test_one(self):\n        self.assertEqual(total([1]), 1)\n"
    sources = {
        "tests/test_a.py": HEAD + method,
        "t/test_b.py": f"{HEAD}def test_b():\n    assert total([1]) == 2\n",
    }
    targets = ("tests.test_a::Test::test_one",)
    assert len(list(contradictions(sources, targets, ("t/test_b.py::test_b",)))) == 1
    prepared = f"{HEAD}{method}    def setUp(self):\n        pass\n"
    derived = HEAD + method.replace("class Test:", "class Test(Prepared):")
    for text in (prepared, derived):
        assert not list(contradictions({**sources, "tests/test_a.py": text}, targets, ("t/test_b.py::test_b",)))


@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    list(asked("test_a.py", text))


def not_fixed(**more: Any) -> Verdict:
    facts: dict[str, Any] = {"sandbox": "docker", "still_failing": (ONE,), "broken": (TWO,), **more}
    return Verdict(outcome="not_fixed", why="", **facts)


BEFORE = TestReport(
    passed=(TWO,),
    failed=(ONE,),
    structured=True,
    failures=(Case(id=ONE, state="failed", text="E   assert 2 == 1"),),
)
TESTS = {"tests/test_a.py": HEAD + pair("assert total([1]) == 1", "assert total([1]) == 2")}


def test_a_contradiction_is_not_solvable_with_both_lines_as_evidence() -> None:
    end = conclusion(BEFORE, not_fixed(), TESTS)
    assert end.outcome == "not_solvable"
    assert end.known[1:3] == (
        "tests/test_a.py:5 test_one: total([1]) is to be 1",
        "tests/test_a.py:9 test_two: total([1]) is to be 2",
    )


def test_tests_that_passed_together_do_not_contradict_each_other() -> None:
    verdict = not_fixed(still_failing=("tests/test_a.py::test_c",), broken=())
    assert conclusion(BEFORE, verdict, TESTS).outcome == "not_fixed"
    assert conclusion(BEFORE, not_fixed(sandbox=""), TESTS).outcome == "not_solvable"


def test_what_is_not_fixed_says_how_far_it_came_and_what_only_the_model_says() -> None:
    check = Check(name="skips", state="failed", text="1 skipped that ran before")
    end = conclusion(BEFORE, not_fixed(fixed=("z",), checks=(check,)), {}, said="All\ngreen.")
    assert end.outcome == "not_fixed"
    assert end.known == (
        "the best patch makes 1 of 2 tests pass that had to",
        f"it breaks 1: {TWO}",
        "skips: 1 skipped that ran before",
        f"still failing: {ONE}: assert 2 == 1",
        "the model says, and nothing proves it: All green.",
    )
    assert conclusion(BEFORE, Verdict(outcome="fixed", why="", sandbox=""), TESTS).known == ()


def test_a_model_that_gives_up_is_heard_and_not_believed() -> None:
    end = conclusion(BEFORE, not_fixed(sandbox=""), {}, said="Cannot: the test asks\nfor two answers at once.")
    assert end.outcome == "not_fixed"
    assert end.known[-1] == (
        "the model gives up, and nothing proves that it is right: the test asks for two answers at once."
    )
    assert conclusion(BEFORE, not_fixed(sandbox=""), TESTS, said="cannot: x").outcome == "not_solvable"
    said = conclusion(BEFORE, not_fixed(sandbox=""), {}, said="I cannot: x").known[-1]
    assert said == "the model says, and nothing proves it: I cannot: x"


def test_the_task_says_how_to_give_up() -> None:
    assert "`cannot:`" in prompts.load("fix", command="x", failing="1", ids=(), digest="")
