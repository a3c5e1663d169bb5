from __future__ import annotations

from typing import Any

import pytest

from r1code.repair.card import finished, with_checks
from r1code.repair.verdict import is_flaky, judge, wanted
from r1code.types import Check, TestReport, Verdict


def report(
    passed: str = "", failed: str = "", *, skipped: str = "", expected: str = "", **more: Any
) -> TestReport:
    facts: dict[str, Any] = {"structured": True, "exit_code": 1 if failed else 0, **more}
    return TestReport(
        passed=tuple(passed.split()),
        failed=tuple(failed.split()),
        skipped=tuple(skipped.split()),
        expected=tuple(expected.split()),
        **facts,
    )


BEFORE = report("a b", "x y")


def states(verdict: Verdict) -> dict[str, str]:
    return {one.name: one.state for one in verdict.checks}


@pytest.mark.parametrize(
    ("after", "failed"),
    [
        (report("a b x y"), set()),
        (report("a b x", "y"), {"targets"}),
        (report("a x y", "b"), {"unbroken"}),
        (report("a x y"), {"unbroken", "collected"}),
        (report("a b x", skipped="y"), {"targets", "skips"}),
        (report("a x y", skipped="b"), {"unbroken", "skips"}),
        (report("a b x y", expected="x"), {"targets", "skips"}),
        (report("a b x y", expected="b"), {"unbroken", "skips"}),
        (report("a b x y", exit_code=3), {"exit_code"}),
        (report("a b x y", timed_out=True), {"report"}),
    ],
)
def test_each_line_of_the_card_says_what_is_wrong(after: TestReport, failed: set[str]) -> None:
    verdict = judge(BEFORE, after, sandbox="docker")
    assert {name for name, state in states(verdict).items() if state == "failed"} == failed
    assert (verdict.outcome == "fixed") is (not failed)


def test_tampering_is_on_the_card() -> None:
    assert states(judge(BEFORE, report("a b x y"), sandbox="docker", tampered=["t"]))["protected"] == "failed"


@pytest.mark.parametrize(
    ("after", "outcome", "others"),
    [
        (report("a b x", "y"), "fixed", ("y",)),
        (report("a b x y"), "fixed", ()),
        (report("a b y", "x"), "not_fixed", ()),
        (report("a x", "b y"), "not_fixed", ("y",)),
        (report("a b x"), "not_fixed", ()),
        (report("a b x", skipped="y"), "not_fixed", ()),
        (report("a b x y", expected="y"), "not_fixed", ()),
        (report("a b x", "y new"), "not_fixed", ("y",)),
    ],
)
def test_with_targets_others_may_fail_on_and_may_not_hide(
    after: TestReport, outcome: str, others: tuple[str, ...]
) -> None:
    verdict = judge(BEFORE, after, sandbox="docker", targets=["x"])
    assert (verdict.outcome, verdict.others) == (outcome, others)


def test_a_target_that_was_not_there_before_has_to_be_there_and_pass() -> None:
    assert judge(BEFORE, report("a b x y n"), sandbox="docker", targets=["n"]).outcome == "fixed"
    assert judge(BEFORE, report("a b", "x y"), sandbox="docker", targets=["n"]).outcome == "not_fixed"


def test_what_is_expected_to_fail_before_and_after_is_as_it_was() -> None:
    before = report("a e", "x", skipped="s", expected="e s")
    assert judge(before, report("a e x", skipped="s", expected="e s"), sandbox="docker").outcome == "fixed"
    # What was expected to fail, and now is not, is no harm.
    assert judge(before, report("a e x s"), sandbox="docker").outcome == "fixed"


def test_flaky_tests_do_not_have_to_be_repaired() -> None:
    before = report("a", "x y", flaky=("y",), failed_of={"y": (1, 3)})
    assert wanted(before) == ("x",)
    assert judge(before, report("a x", "y"), sandbox="docker").outcome == "fixed"
    assert judge(before, report("a y", "x"), sandbox="docker").outcome == "not_fixed"
    assert not is_flaky(before)
    assert is_flaky(before, ["y"])
    assert is_flaky(report("a", "y", flaky=("y",)))
    assert not is_flaky(report("a"))


def test_a_task_may_take_tests_away_that_failed() -> None:
    assert judge(BEFORE, report("a b"), sandbox="docker", repairs=False).outcome == "unbroken"
    assert judge(BEFORE, report("a"), sandbox="docker", repairs=False).outcome == "not_fixed"


def test_a_check_that_fails_takes_the_fix_back() -> None:
    fixed = judge(BEFORE, report("a b x y"), sandbox="docker")
    bad = Check(name="gates", state="failed", text="lint")
    assert with_checks(fixed, bad).outcome == "not_fixed"
    assert with_checks(fixed, bad).why == "lint"
    assert with_checks(fixed, bad, worse=("tampered", "why")).outcome == "tampered"
    assert with_checks(fixed, Check(name="gates", state="flagged")).outcome == "fixed"
    whole = finished(with_checks(fixed, bad))
    assert [one.name for one in whole.checks] == [
        "targets",
        "unbroken",
        "collected",
        "skips",
        "protected",
        "report",
        "exit_code",
        "repeats",
        "control",
        "counter_test",
        "gates",
        "added_tests",
        "suspicious",
    ]
