from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from r1code.errors import UsageError
from r1code.options.grammar import parse as parse_words
from r1code.plan import parse, render, ticked, tidy
from r1code.types import Plan

HARD = st.sampled_from(
    ["# Plan", "## Steps", "\\# x", "1. one", "- two", "    deep", "`", "``a`", "", "* x", "## Files", "a: b - c"]
)
TEXTS = st.lists(HARD | st.text(max_size=12), min_size=1, max_size=4).map("\n".join).map(tidy).filter(bool)
LINES = (HARD | st.text(string.printable, max_size=12)).map(lambda one: " ".join(one.split())).filter(bool)
PLANS = st.builds(
    Plan,
    goal=TEXTS,
    steps=st.lists(TEXTS, max_size=12).map(tuple),
    files=st.lists(LINES, max_size=3).map(tuple),
    tests=st.lists(LINES, max_size=3).map(tuple),
)


@given(PLANS)
@example(Plan(goal="## Steps\n1. x", steps=("## Files\n- a", "b\n\n    c"), files=("`a`",), tests=("a `b` c",)))
def test_a_plan_survives_its_file(plan: Plan) -> None:
    assert parse(render(plan)) == plan


@given(st.text(max_size=200) | TEXTS)
def test_anything_is_read_as_a_plan_whose_file_is_stable(text: str) -> None:
    plan = parse(text)
    assert parse(render(plan)) == plan


@given(PLANS, st.sets(st.integers(min_value=1, max_value=12)))
@example(Plan(goal="x", steps=("[x] a", "b\n\n[ ] c")), {1})
@example(Plan(goal="x", steps=("# Files", "a")), {2})
def test_ticks_survive_the_file_and_change_nothing_else(plan: Plan, numbers: set[int]) -> None:
    numbers &= set(range(1, len(plan.steps) + 1))
    text = render(plan)
    for number in sorted(numbers):
        text = ticked(text, number)
    done = replace(plan, done=tuple(sorted(numbers)))
    assert text == render(done)
    assert parse(text) == done
    for number in sorted(numbers):
        text = ticked(text, number, done=False)
    assert text == render(plan)
    assert ticked(text, len(plan.steps) + 1) == text


def test_a_tick_leaves_a_persons_file_as_it_is() -> None:
    steps = "First of all:\r\n1. one\r\n   more\r\n- [ ]\r\n* [ ] two\r\n- [ ]\n\n   three\n"
    text = f"# Plan\r\n\nDo it.\r\n\n## steps ##\r\n\n{steps}## Files\r\n- a\r\n"
    assert parse(text).steps == ("one\nmore", "two", "three")
    once = ticked(text, 2)
    assert once == text.replace("* [ ] two", "* [x] two")
    assert ticked(once, 1) == once.replace("1. one", "1. [x] one")
    assert parse(ticked(ticked(once, 1), 3)).done == (1, 2, 3)
    assert ticked("1. a\n2. b\n", 2) == "1. a\n2. [x] b\n"


def test_what_models_and_people_write_is_read() -> None:
    wrote = (
        "Subtract it.\n\n## Steps\n1. Read `a.py`.\n   Look there.\n2) Change the sign.\n   - and test\n"
        "\n## Files\n- `shop/cart.py`: total()\n* docs/x.md - a line\n\n## Tests\n- `pytest -q`\n- make test\n"
    )
    assert parse(wrote) == Plan(
        goal="Subtract it.",
        steps=("Read `a.py`.\nLook there.", "Change the sign.\n- and test"),
        files=("shop/cart.py", "docs/x.md"),
        tests=("pytest -q", "make test"),
    )
    assert parse("Do it so:\n1. one\n2. two") == Plan(goal="Do it so:", steps=("one", "two"))
    assert parse("Just do it.") == Plan(goal="Just do it.")


@pytest.mark.parametrize("flags", [["--plan", "x.md"], ["--mode", "plan"]])
def test_flags_of_plans_are_short_for_nothing_else(flags: list[str]) -> None:
    with pytest.raises(UsageError, match=f"`r1code fix` does not take `{flags[0]}`"):
        parse_words(["fix", *flags])
