from __future__ import annotations

from typing import Any

import pytest

from r1code.repair.protected import is_protected
from r1code.repair.verdict import judge, problem
from r1code.types import TestReport


def report(passed: str = "", failed: str = "", *, uncollected: str = "", **more: Any) -> TestReport:
    bad = bool(failed or uncollected)
    facts: dict[str, Any] = {"structured": True, "exit_code": 1 if bad else 0, **more}
    return TestReport(
        passed=tuple(passed.split()),
        failed=tuple(failed.split()),
        uncollected=tuple(uncollected.split()),
        **facts,
    )


BEFORE = report("a b", "x y")


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        (report("a b x y"), "fixed"),
        (report("a b x y new"), "fixed"),
        (report("a b x", "y"), "not_fixed"),
        (report("a x y", "b"), "not_fixed"),
        (report("a x y"), "not_fixed"),
        (report("a b x"), "not_fixed"),
        (report("a b x y", "new"), "not_fixed"),
        (report("a b x y", exit_code=1), "not_fixed"),
        (report("a b x y", exit_code=None), "not_fixed"),
        (report("a b x y", timed_out=True), "not_fixed"),
        (report("a b x y", structured=False), "not_fixed"),
        (report(""), "not_fixed"),
    ],
)
def test_everything_must_agree_for_fixed(after: TestReport, outcome: str) -> None:
    assert judge(BEFORE, after, sandbox="docker").outcome == outcome


def test_the_verdict_names_what_changed() -> None:
    verdict = judge(BEFORE, report("a x new", "b"), sandbox="docker")
    assert verdict.fixed == ("x",)
    assert verdict.still_failing == ("y",)
    assert verdict.broken == ("b",)
    assert verdict.passing == 1


def test_a_skipped_target_is_not_fixed() -> None:
    after = report("a b x")
    after = TestReport(passed=after.passed, skipped=("y",), structured=True, exit_code=0)
    assert judge(BEFORE, after, sandbox="docker").still_failing == ("y",)


def test_tampering_is_never_fixed() -> None:
    verdict = judge(BEFORE, report("a b x y"), sandbox="docker", tampered=["tests/test_a.py"])
    assert verdict.outcome == "tampered"


def test_a_module_that_could_not_be_loaded_must_load_and_pass() -> None:
    before = report("a", uncollected="tests.test_m", exit_code=2)
    by_path = report("a", uncollected="tests/test_m.py", exit_code=2)
    good = report("a tests/test_m.py::test_one tests/test_m.py::C::test_two")
    assert judge(before, good, sandbox="docker").outcome == "fixed"
    assert judge(by_path, good, sandbox="docker").outcome == "fixed"
    for bad in (
        report("a"),
        report("a tests/test_m.py::test_one", "tests/test_m.py::test_two"),
        report("a", uncollected="tests.test_m"),
        report("a tests/test_other.py::test_m"),
    ):
        verdict = judge(before, bad, sandbox="docker")
        assert verdict.still_failing == ("tests.test_m",)
        assert verdict.broken == ()


def test_nothing_failing_and_nothing_broken_is_unbroken() -> None:
    assert judge(report("a"), report("a b"), sandbox="docker").outcome == "unbroken"
    assert judge(report("a"), report("b"), sandbox="docker").outcome == "not_fixed"


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        (report("a b", "x y"), "unbroken"),
        (report("a b x", "y"), "unbroken"),
        (report("a b x y"), "fixed"),
        (report("a", "b x y"), "not_fixed"),
        (report("a b", "x y new"), "not_fixed"),
        (report("a b", "x y", timed_out=True), "not_fixed"),
        (report("a b", "x y", structured=False), "not_fixed"),
        (report("a b x y", exit_code=1), "not_fixed"),
    ],
)
def test_a_task_that_is_no_repair_must_only_break_nothing(after: TestReport, outcome: str) -> None:
    assert judge(BEFORE, after, sandbox="docker", repairs=False).outcome == outcome


def test_where_nothing_could_be_built_before_the_exit_code_and_the_report_must_agree() -> None:
    before = TestReport(failed=("go test ./...",), exit_code=1)
    good = judge(before, report("a b"), sandbox="docker")
    assert (good.outcome, good.fixed, good.broken) == ("fixed", ("go test ./...",), ())
    assert judge(before, report("a", "b"), sandbox="docker").outcome == "not_fixed"
    assert judge(before, report("a", exit_code=1), sandbox="docker").outcome == "not_fixed"


def test_a_class_that_could_not_be_made_ready_must_pass_whole() -> None:
    before = report("m::A::a", uncollected="m::B")
    assert judge(before, report("m::A::a m::B::b"), sandbox="docker").outcome == "fixed"
    assert judge(before, report("m::A::a m::Bad::b"), sandbox="docker").outcome == "not_fixed"
    assert judge(before, report("m::A::a m::B::b", "m::B::c"), sandbox="docker").outcome == "not_fixed"


def test_who_reported_before_must_report_again() -> None:
    before = report("a b", "x y", runner="pytest")
    for runner, outcome in {
        "pytest": "fixed",
        "pytest, jest": "fixed",
        "tap": "not_fixed",
        "jest, tap": "not_fixed",
    }.items():
        assert judge(before, report("a b x y", runner=runner), sandbox="docker").outcome == outcome


def test_flaky_tests_are_named_and_count_as_failing() -> None:
    verdict = judge(BEFORE, report("a x y", "b", flaky=("b", "other")), sandbox="docker")
    assert (verdict.outcome, verdict.flaky) == ("not_fixed", ("b",))


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        (report("a", "x"), None),
        (report("", uncollected="m", exit_code=2), None),
        (TestReport(failed=("make test",), exit_code=2), None),
        (report("a"), "nothing_to_fix"),
        (TestReport(passed=("make test",), exit_code=0), "nothing_to_fix"),
        (report(""), "cannot_reproduce"),
        (TestReport(exit_code=0, digest="Ran 0 tests in 0.000s\n\nOK"), "cannot_reproduce"),
        (TestReport(skipped=("a", "b"), structured=True, exit_code=0), "cannot_reproduce"),
        (
            TestReport(failed=("npm test",), exit_code=1, digest="No tests found, exiting with code 1"),
            "cannot_reproduce",
        ),
        (TestReport(failed=("npm test",), exit_code=1, digest="1..0\nnot ok 1 - a"), None),
        (report("", exit_code=5), "cannot_reproduce"),
        (report("", exit_code=4), "cannot_reproduce"),
        (report("a", exit_code=1), "cannot_reproduce"),
        (TestReport(failed=("nope",), exit_code=127), "cannot_reproduce"),
        (report("a", "x", timed_out=True), "cannot_reproduce"),
    ],
)
def test_what_there_is_to_repair(before: TestReport, outcome: str | None) -> None:
    found = problem(before)
    assert (found and found[0]) == outcome


def test_what_did_not_run_is_told_in_its_own_words() -> None:
    assert problem(report("")) == ("cannot_reproduce", "no test ran: none was found")
    skipped = TestReport(skipped=("a", "b"), structured=True, exit_code=0)
    assert problem(skipped) == ("cannot_reproduce", "no test ran: all 2 are skipped")


def test_tests_that_vanished_do_not_pass() -> None:
    before = TestReport(failed=("make test",), exit_code=2)
    for after in (report(""), TestReport(exit_code=0)):
        verdict = judge(before, after, sandbox="docker")
        assert (verdict.outcome, verdict.still_failing) == ("not_fixed", ("make test",))
    nothing = judge(report(""), report(""), sandbox="docker")
    assert (nothing.outcome, nothing.why) == ("unbroken", "no test ran, before or after: nothing is known")


@pytest.mark.parametrize(
    ("path", "protected"),
    [
        ("tests/test_a.py", True),
        ("pkg/tests/data/x.json", True),
        ("test_a.py", True),
        ("a_test.go", True),
        ("conftest.py", True),
        ("src/conftest.py", True),
        ("pyproject.toml", True),
        (".github/workflows/ci.yml", True),
        ("web/app.spec.ts", True),
        ("uv.lock", True),
        ("src/app.py", False),
        ("src/testing.py", False),
        ("latest/a.py", False),
        ("README.md", False),
    ],
)
def test_what_is_protected(path: str, protected: bool) -> None:
    assert is_protected(path) is protected
