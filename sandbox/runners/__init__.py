"""Test runners: a test command in, structured results out."""

from __future__ import annotations

from collections.abc import Generator

from r1code.control import Control
from r1code.sandbox.base import Sandbox
from r1code.sandbox.runners import pytest
from r1code.types import ExecResult, TestReport

_TAIL = 6_000


def run_tests(
    sandbox: Sandbox, command: str, control: Control, *, seconds: float | None = None
) -> Generator[str, None, TestReport]:
    """Runs a test command: yields its output, returns its report.

    The report is written to a path that nobody can guess and is read through the sandbox's engine. A command
    that leaves none is one test of its own, which passes with exit code 0.
    """
    folder = pytest.private_folder()
    result = yield from sandbox.run(command, control, env=pytest.environment(folder), seconds=seconds)
    data = sandbox.read(pytest.report_path(folder), control)
    cases = None if data is None else pytest.parse(data)
    if cases is None:
        return _unstructured(command, result)
    failures = "\n\n".join(case.text for case in cases if case.text)
    return TestReport(
        passed=tuple(case.id for case in cases if case.state == "passed"),
        failed=tuple(case.id for case in cases if case.state == "failed"),
        skipped=tuple(case.id for case in cases if case.state == "skipped"),
        uncollected=tuple(case.id for case in cases if case.state == "uncollected"),
        structured=True,
        exit_code=result.exit_code,
        timed_out=result.timed_out,
        seconds=result.seconds,
        digest=failures or result.output[-_TAIL:],
    )


def _unstructured(command: str, result: ExecResult) -> TestReport:
    return TestReport(
        passed=(command,) if result.succeeded else (),
        failed=() if result.succeeded else (command,),
        exit_code=result.exit_code,
        timed_out=result.timed_out,
        seconds=result.seconds,
        digest=result.output[-_TAIL:],
    )


def summary(report: TestReport) -> str:
    """One line: how many tests passed, failed, and so on."""
    if report.timed_out:
        return f"the tests were stopped after {report.seconds:.0f} s: the time limit"
    if not report.structured:
        return f"the test command ended with exit code {report.exit_code}"
    counts = [
        (len(report.failed), "failed"),
        (len(report.uncollected), "could not be loaded"),
        (len(report.passed), "passed"),
        (len(report.skipped), "skipped"),
    ]
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "no tests ran"
