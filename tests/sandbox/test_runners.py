from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from r1code.sandbox.runners import pytest as runner
from r1code.sandbox.runners import summary
from r1code.sandbox.runners.nothing import ran_nothing
from r1code.types import TestReport

SUITE = """
import pytest, unittest
def test_good(): pass
def test_bad(): assert 1 == 2
@pytest.mark.parametrize("n", [1, 2])
def test_many(n): assert n == 1
@pytest.mark.skip
def test_skipped(): pass
@pytest.fixture
def late():
    yield
    raise RuntimeError("teardown")
def test_teardown(late): pass
class TestGroup:
    def test_inside(self): pass
"""


def run(folder: Path, report: Path) -> int:
    env = {**os.environ, **runner.environment(str(report))}
    env.pop("PYTEST_CURRENT_TEST", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=folder, env=env, capture_output=True, check=False
    )
    return done.returncode


def test_a_real_pytest_run_comes_out_as_ids_and_states(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/test_a.py").write_text(SUITE)
    (tmp_path / "sub/test_broken.py").write_text("import nothing_like_this\n")
    assert run(tmp_path, tmp_path / "out") == 2
    cases = runner.parse((tmp_path / "out/report.xml").read_bytes())
    assert cases is not None
    assert [(case.id, case.state) for case in cases] == [("sub/test_broken.py", "uncollected")]
    assert "nothing_like_this" in cases[0].text

    (tmp_path / "sub/test_broken.py").unlink()
    assert run(tmp_path, tmp_path / "out") == 1
    cases = runner.parse((tmp_path / "out/report.xml").read_bytes())
    assert cases is not None
    assert {case.id: case.state for case in cases} == {
        "sub/test_a.py::test_good": "passed",
        "sub/test_a.py::test_bad": "failed",
        "sub/test_a.py::test_many[1]": "passed",
        "sub/test_a.py::test_many[2]": "failed",
        "sub/test_a.py::test_skipped": "skipped",
        "sub/test_a.py::test_teardown": "failed",
        "sub/test_a.py::TestGroup::test_inside": "passed",
    }
    # Nothing but what pytest itself leaves: no option of ours takes that away (a strict project refuses it).
    left = {path.name for path in tmp_path.iterdir()} - {"sub", "out"}
    assert left <= {".pytest_cache"}


def test_what_is_no_report_or_an_attack_is_refused() -> None:
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><testsuites><testcase name="&a;"/></testsuites>'
    )
    for data in (b"", b"not xml", b"<html/>", bomb, b"\xff\xfe"):
        assert runner.parse(data) is None


def test_a_test_that_is_listed_twice_has_its_worst_state() -> None:
    data = (
        b'<testsuites><testsuite><testcase classname="t" name="a" file="t.py"><failure>no</failure></testcase>'
        b'<testcase classname="t" name="a" file="t.py"/></testsuite></testsuites>'
    )
    cases = runner.parse(data)
    assert cases is not None
    assert [(case.id, case.state) for case in cases] == [("t.py::a", "failed")]


def test_the_summary_is_one_line() -> None:
    report = TestReport(passed=("a", "b"), failed=("c",), structured=True, exit_code=1)
    assert summary(report) == "1 failed, 2 passed"
    assert summary(TestReport(structured=True, exit_code=5)) == "no tests ran"
    assert summary(TestReport(failed=("make",), exit_code=2)) == "the test command ended with exit code 2"


@pytest.mark.parametrize(
    ("output", "nothing"),
    [
        ("\n----\nRan 0 tests in 0.000s\n\nOK\n", True),
        ("Ran 0 tests in 0.000s\n\nNO TESTS RAN\n", True),
        ("no tests ran in 0.01s\n", True),
        ("\x1b[31mNo tests found, exiting with code 1\x1b[0m\n", True),
        ("No test files found, exiting with code 1\n", True),
        ("\n  0 passing (2ms)\n", True),
        ("\N{INFORMATION SOURCE} tests 0\n\N{INFORMATION SOURCE} suites 0\n", True),
        ("1..0 # SKIP no network\n", True),
        ("?   \texample.org/shop\t[no test files]\n", True),
        ("ok  \texample.org/shop\t0.002s [no tests to run]\n?   \tx\t[no test files]\n", True),
        ("running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured\n", True),
        ("Ran 0 tests in 0.000s\n\nOK\nRan 12 tests in 0.100s\n\nOK\n", False),
        ("running 0 tests\n\ntest result: ok. 3 passed; 0 failed\n", False),
        ("1..0 # SKIP\n1..1\nok 1 - a\n", False),
        ("?   \tx\t[no test files]\nok  \ty\t0.002s\n", False),
        ("all good\n", False),
        ("", False),
    ],
)
def test_a_run_without_tests_is_known_by_what_runners_say(output: str, nothing: bool) -> None:
    assert ran_nothing(output) is nothing
