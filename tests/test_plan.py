from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from r1code.options import parser
from r1code.plan import parse, render, tidy
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
def test_flags_of_plans_are_short_for_nothing_else(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["fix", *flags])
    assert "unrecognized arguments" in capsys.readouterr().err
