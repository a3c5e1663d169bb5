"""The verdict: two reports of the same tests, before and after. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from r1code.types import Outcome, TestReport, Verdict

_NO_TESTS = {126: "it cannot be executed", 127: "the command was not found"}
_PYTEST = {3: "pytest failed internally", 4: "pytest was called wrongly", 5: "no tests were found"}


def failing(report: TestReport) -> tuple[str, ...]:
    return (*report.uncollected, *report.failed)


def problem(report: TestReport) -> tuple[Outcome, str] | None:
    """Why there is nothing to repair in the tests as they are; None: some of them fail."""
    if report.timed_out:
        return "cannot_reproduce", f"the tests did not end within {report.seconds:.0f} s"
    codes = _PYTEST if report.runner in {"", "pytest"} else {}
    known = _NO_TESTS if not report.structured else {} if failing(report) else codes
    if report.exit_code in known:
        return (
            "cannot_reproduce",
            f"the test command ended with {report.exit_code}: {known[report.exit_code]}",
        )
    if failing(report):
        return None
    if report.exit_code != 0:
        why = f"the test command ended with {report.exit_code}, but its report shows no failure"
        return "cannot_reproduce", why
    return "nothing_to_fix", "all tests pass as they are"


def judge(
    before: TestReport,
    after: TestReport,
    *,
    sandbox: str,
    tampered: Sequence[str] = (),
    repairs: bool = True,
) -> Verdict:
    """What `after`, a clean re-run with the patch, says about a patch of a tree that gave `before`.

    `repairs`: whether the failing tests were to pass; else nothing was to break. `tampered` are protected paths
    that the patch touched. Everything must agree: the report, the exit code, and the set of tests. A test that
    is gone does not pass.
    """
    after = comparable(before, after)
    passed = set(after.passed)
    targets = failing(before)
    fixed = tuple(name for name in targets if _passes(name, before, after))
    still = tuple(name for name in targets if name not in fixed)
    known = {*before.passed, *targets, *before.skipped}
    broken = (
        *(name for name in before.passed if name not in passed),
        *(name for name in failing(after) if name not in known and not _of_any(name, still)),
    )
    outcome, why = _outcome(before, after, still=still, broken=broken, tampered=tampered, repairs=repairs)
    return Verdict(
        outcome=outcome,
        why=why,
        sandbox=sandbox,
        fixed=fixed,
        still_failing=still,
        broken=broken,
        flaky=tuple(name for name in after.flaky if name in {*still, *broken}),
        passing=len(before.passed) - sum(name not in passed for name in before.passed),
        tampered=tuple(tampered),
        seconds=after.seconds,
    )


def comparable(before: TestReport, after: TestReport) -> TestReport:
    """`after` as one test, where `before` was no more: nothing was built that could report, say."""
    if before.structured or not after.structured:
        return after
    command = (*before.failed, *before.passed)
    good = after.exit_code == 0 and not after.timed_out and not failing(after)
    return TestReport(
        passed=command if good else (),
        failed=() if good else command,
        exit_code=after.exit_code,
        timed_out=after.timed_out,
        seconds=after.seconds,
        digest=after.digest,
        failures=after.failures,
    )


def _outcome(
    before: TestReport,
    after: TestReport,
    *,
    still: Sequence[str],
    broken: Sequence[str],
    tampered: Sequence[str],
    repairs: bool,
) -> tuple[Outcome, str]:
    counts = [f"{len(broken)} broken"] * bool(broken)
    if repairs and still:
        counts = [f"{len(still)} still failing", *counts]
    # What somebody else says in their place is not theirs.
    silent = _runners(before) - _runners(after)
    ended = f"the command ended with {after.exit_code}, although its report shows no failure"
    against: list[tuple[bool, Outcome, str]] = [
        (bool(tampered), "tampered", "protected files were changed; they were put back for the re-run"),
        (after.timed_out, "not_fixed", f"the re-run did not end within {after.seconds:.0f} s"),
        (before.structured and not after.structured, "not_fixed", "the re-run left no report"),
        (bool(silent), "not_fixed", f"the re-run left no report of {', '.join(sorted(silent))}"),
        (bool(counts), "not_fixed", ", ".join(counts)),
        (after.exit_code != 0 and (repairs or not still), "not_fixed", ended),
    ]
    for applies, outcome, why in against:
        if applies:
            return outcome, why
    if not failing(before):
        return "unbroken", "nothing was failing before, and everything still passes"
    if still:
        return "unbroken", f"everything that passed still does; {len(still)} failed before and after"
    return "fixed", "all that failed passes, and all that passed still does"


def _runners(report: TestReport) -> set[str]:
    return {name for name in report.runner.split(", ") if name}


def _passes(name: str, before: TestReport, after: TestReport) -> bool:
    """A module that could not be loaded passes when it loads, and it has tests, and none of them fails."""
    if name not in before.uncollected:
        return name in after.passed
    loaded = any(_of(test, name) for test in after.passed)
    return loaded and name not in after.uncollected and not any(_of(test, name) for test in after.failed)


def _of(test: str, module: str) -> bool:
    """Whether a test id belongs to a module, given by its path or its dotted name, or to a class in one."""
    path, _, rest = test.partition("::")
    dotted = path.removesuffix(".py").replace("/", ".")
    return bool(rest) and (module in {path, dotted} or test.startswith(f"{module}::"))


def _of_any(test: str, modules: Sequence[str]) -> bool:
    return any(_of(test, module) for module in modules)


def is_better(before: TestReport, after: TestReport) -> bool:
    """Whether something that failed passes now, and nothing that passed does not."""
    after = comparable(before, after)
    if after.timed_out or after.structured != before.structured:
        return False
    passed = set(after.passed)
    progress = any(name in passed for name in before.failed) or len(after.uncollected) < len(before.uncollected)
    return progress and set(before.passed) <= passed


def is_same(before: TestReport, after: TestReport) -> bool:
    """Whether every test ends as it did."""
    return (
        after.structured
        and not after.timed_out
        and set(before.passed) == set(after.passed)
        and set(failing(before)) == set(failing(after))
    )
