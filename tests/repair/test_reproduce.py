from __future__ import annotations

from collections.abc import Generator, Sequence

import pytest
from msgspec.structs import replace

from r1code.control import Control
from r1code.events import Event, Notice
from r1code.repair.reproduce import AGAIN, Again, Reproduced, reproduce
from r1code.symptoms.symptom import NamedTest, Symptom
from r1code.tree.snapshot import Snapshot
from r1code.types import TestReport

X, Y, Z = "tests/test_a.py::test_x", "tests/test_a.py::test_y", "tests/test_b.py::test_z"
PASSING = TestReport(passed=(X, Y, Z), structured=True, exit_code=0, runner="pytest")
FAILING = TestReport(passed=(Z,), failed=(X, Y), structured=True, exit_code=1, runner="pytest")
BASE = Snapshot({})


class FakeProof:
    def __init__(self, *reports: TestReport) -> None:
        self._reports = list(reports)
        self.commands: list[str] = []

    def baseline(self, snapshot: Snapshot, command: str, control: Control) -> Generator[Event, None, TestReport]:
        self.commands.append(command)
        yield from ()
        return self._reports.pop(0)


def named(*ids: str, kind: str = "junit") -> Symptom:
    tests = tuple(NamedTest(id=one, name=one.partition("::")[2]) for one in ids)
    return Symptom(kind=kind, origin="r.xml", tests=tests, failed=bool(ids), traits={"python": "3.12.3"})


ISSUE = Symptom(kind="issue", origin="i.md", text="The total is wrong.")


def look(
    before: TestReport, symptoms: Sequence[Symptom], *again: TestReport
) -> tuple[Reproduced, list[str], list[str]]:
    proof = FakeProof(*again)
    running = reproduce(symptoms, BASE, before, Again(proof, "pytest -q", Control()))
    said: list[str] = []
    try:
        while True:
            event = next(running)
            assert isinstance(event, Notice)
            said.append(event.text)
    except StopIteration as stop:
        return stop.value, said, proof.commands


def test_named_tests_that_fail_are_the_targets_and_others_are_told() -> None:
    found, said, _ = look(FAILING, [named(X, Z)])
    assert found == Reproduced(targets=(X,))
    assert said == [
        f"named, and passing here: {Z}",
        "1 tests fail that nobody named: they need not pass, and may not break more",
    ]


def test_without_a_name_all_that_fails_is_meant() -> None:
    assert look(FAILING, [])[0] == Reproduced()
    assert look(FAILING, [ISSUE])[0] == Reproduced()


def test_names_that_are_no_test_here_are_told_and_all_that_fails_is_meant() -> None:
    found, said, _ = look(FAILING, [named("tests/test_c.py::test_q")])
    assert found == Reproduced()
    assert "tests/test_c.py::test_q" in said[0]


def test_named_tests_that_pass_run_again_before_that_is_believed() -> None:
    found, said, commands = look(PASSING, [named(X)], *[PASSING] * AGAIN)
    assert found.ending == "cannot_reproduce"
    assert "python 3.12.3" in found.known[0]
    assert said == ["the named tests pass here: they run 3 times more, to see whether they are flaky"]
    assert commands == [f"pytest -q {X}"] * (AGAIN - 1) + ["pytest -q"]


def test_a_named_test_that_fails_once_is_flaky() -> None:
    found, _, _ = look(PASSING, [named(X)], PASSING, FAILING, PASSING)
    assert found.ending == "flaky"
    assert "failed in 1 of 3 more runs" in found.known[0]


def test_targets_that_pass_at_times_are_flaky_and_others_are_repaired() -> None:
    luck = replace(FAILING, flaky=(X,))
    assert look(luck, [named(X)])[0].ending == "flaky"
    assert look(luck, [named(X, Y)])[0].targets == (X, Y)
    assert look(luck, [])[0].ending is None


@pytest.mark.parametrize("symptoms", [[], [Symptom(kind="log", origin="x")], [named()]])
def test_where_nothing_fails_and_nothing_was_named_there_is_nothing_to_fix(symptoms: list[Symptom]) -> None:
    assert look(PASSING, symptoms)[0].ending == "nothing_to_fix"


def test_a_log_that_shows_a_failure_without_a_name_cannot_be_reproduced() -> None:
    shown = Symptom(kind="log", origin="x", failed=True, errors=("ModuleNotFoundError: no x",))
    assert look(PASSING, [shown])[0].ending == "cannot_reproduce"


def test_an_issue_with_passing_tests_asks_for_a_test_first() -> None:
    assert look(PASSING, [ISSUE])[0] == Reproduced(reproduces=True)


def test_an_issue_asks_for_the_first_test_where_there_is_none() -> None:
    bare = TestReport(structured=True, exit_code=0)
    assert look(bare, [ISSUE])[0] == Reproduced(reproduces=True)
    assert look(bare, [])[0].ending == "cannot_reproduce"


def test_a_command_without_a_report_runs_again_as_a_whole() -> None:
    whole = TestReport(passed=("make test",), exit_code=0)
    broken = TestReport(failed=("make test",), exit_code=1)
    found, _, commands = look(whole, [named(X)], whole, broken, whole)
    assert (found.ending, commands) == ("flaky", ["pytest -q"] * AGAIN)


def test_named_tests_that_are_skipped_here_are_told() -> None:
    skipping = TestReport(passed=(Y, Z), skipped=(X,), structured=True, exit_code=0)
    assert look(skipping, [named(X)], *[skipping] * AGAIN)[1][0] == f"named, and skipped here: {X}"


def test_tests_that_do_not_run_are_no_ground_for_anything() -> None:
    missing = TestReport(failed=("x",), exit_code=127)
    assert look(missing, [ISSUE])[0].ending == "cannot_reproduce"
