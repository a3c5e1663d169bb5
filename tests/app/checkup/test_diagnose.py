"""From observations to findings, case by case: what is said, how bad it is, and what there is to do."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from app.checkup.cases_holding import HOLDING
from app.checkup.cases_reaching import REACHING
from app.checkup.cases_speaking import SPEAKING
from app.checkup.seen import GOOD, TARGET, reach
from r1code.app.checkup.diagnose import diagnose
from r1code.app.checkup.finding import Finding, exit_code

CASES = {**REACHING, **SPEAKING, **HOLDING}


def named(found: list[Finding], name: str) -> Finding:
    return next(one for one in found if one.name == name)


@pytest.mark.parametrize("case", CASES)
def test_what_is_said(case: str) -> None:
    seen, of, name, state, words, advice = CASES[case]
    found = named(diagnose(seen, of), name)
    assert found.state == state, found
    assert words in found.seen
    assert advice in found.advice
    # What is not right always says what to do.
    assert found.advice or found.state == "ok"


def test_all_that_is_right_says_so_in_one_order() -> None:
    found = diagnose(GOOD, TARGET)
    assert {one.state for one in found} == {"ok"}
    assert " ".join(one.name.replace(" ", "_") for one in found) == (
        "name port tls http server key model is_it_R1 reasoning parser template history usage streaming speed "
        "keep-alive context room cache budget continuing open clock"
    )
    assert exit_code(found) == 0


@pytest.mark.parametrize("stage", ["name", "port", "tls", "http"])
def test_behind_a_step_that_failed_nothing_is_said(stage: Any) -> None:
    found = diagnose(reach(failed=stage, why="so"), TARGET)
    assert found[-1].name == stage
    assert [one.state for one in found].count("wrong") == 1
    assert exit_code(found) == 6


def test_one_thing_that_is_wrong_is_exit_code_1_and_warnings_are_none() -> None:
    assert exit_code(diagnose(replace(GOOD, key_status=401), TARGET)) == 1
    assert exit_code(diagnose(replace(GOOD, skew_seconds=300.0), TARGET)) == 0
