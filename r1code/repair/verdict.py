"""The verdict: two reports of the same tests, before and after. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from r1code.repair.card import Compared, card, said
from r1code.repair.unstarted import unstarted
from r1code.sandbox.runners.nothing import ran_nothing
from r1code.types import Outcome, TestReport, Verdict

_NO_TESTS = {126: "it cannot be executed", 127: "the command was not found"}
_PYTEST = {3: "pytest failed internally", 4: "pytest was called wrongly", 5: "no tests were found"}
_NONE_FOUND = 5
"""How unittest ends then, since Python 3.12."""


def failing(report: TestReport) -> tuple[str, ...]:
    return (*report.uncollected, *report.failed)


def problem(report: TestReport, paths: Collection[str] | None = None) -> tuple[Outcome, str] | None:
    """Why there is nothing to repair in the tests as they are; None: some of them fail.

    `paths`: of the tree, where a repair may change what keeps pytest from running any test; None: it always may.
    """
    if report.timed_out:
        return "cannot_reproduce", f"the tests did not end within {report.seconds:.0f} s"
    codes = _PYTEST if report.runner in {"", "pytest"} else {}
    known = _NO_TESTS if not report.structured else {} if failing(report) else codes
    if report.exit_code in known:
        return (
            "cannot_reproduce",
            f"the test command ended with {report.exit_code}: {known[report.exit_code]}",
        )
    nothing = (None if paths is None else unstarted(report, paths)) or _nothing_ran(report)
    if nothing is not None:
        return "cannot_reproduce", nothing
    if failing(report):
        return None
    if report.exit_code != 0:
        why = f"the test command ended with {report.exit_code}, but its report shows no failure"
        return "cannot_reproduce", why
    return "nothing_to_fix", "all tests pass as they are"


def has_tests(report: TestReport) -> bool:
    """Whether any test is known; a command without a report is one, unless it said that there were none."""
    return bool(report.passed or report.skipped or failing(report))


def _nothing_ran(report: TestReport) -> str | None:
    """Why no test ended, although the command did; None: some did."""
    if not report.structured and report.failed and ran_nothing(report.digest):
        return said("no test ran: none was found")
    if report.exit_code not in {0, _NONE_FOUND} or report.passed or failing(report):
        return None
    if report.skipped:
        return said(f"no test ran: all {len(report.skipped)} are skipped")
    return said("no test ran: none was found")


def judge(
    before: TestReport,
    after: TestReport,
    *,
    sandbox: str,
    tampered: Sequence[str] = (),
    repairs: bool = True,
    targets: Sequence[str] = (),
) -> Verdict:
    """What `after`, a clean re-run with the patch, says about a patch of a tree that gave `before`.

    `repairs`: whether the failing tests were to pass; else nothing was to break. `targets`: of the failing ones,
    those that were; empty: all. What is known to be flaky never is. `tampered` are protected paths that the patch
    touched. Everything must agree: the report, the exit code, and the set of tests. A test that is gone, is
    skipped, or is now marked as one that is to fail does not pass.
    """
    after = comparable(before, after)
    found = compared(before, after, wanted(before, targets))
    counted = found.still if repairs else ()
    outcome, why = _outcome(before, after, found, tampered=tampered, repairs=repairs)
    return Verdict(
        outcome=outcome,
        why=why,
        sandbox=sandbox,
        fixed=found.fixed,
        still_failing=found.still,
        broken=found.broken,
        flaky=tuple(name for name in after.flaky if name in {*found.still, *found.broken}),
        passing=len(before.passed) - len(found.lost),
        tampered=tuple(tampered),
        seconds=after.seconds,
        others=found.others,
        skipped=found.skipped,
        missing=found.missing,
        checks=card(before, after, found, tampered=tampered, failing=counted, silent=_silent(before, after)),
    )


def wanted(before: TestReport, targets: Sequence[str] = ()) -> tuple[str, ...]:
    """The tests that have to be repaired: of those that fail, or are not there, what is named and not flaky."""
    named = [name for name in targets if name not in before.passed] if targets else failing(before)
    return tuple(name for name in dict.fromkeys(named) if name not in before.flaky)


def is_flaky(before: TestReport, targets: Sequence[str] = ()) -> bool:
    """Whether all that would have to be repaired passes at times."""
    return bool(failing(before)) and not wanted(before, targets) and bool(before.flaky)


def told_flaky(before: TestReport) -> str:
    """How often what is flaky failed."""
    names = [name for name in before.flaky if name in before.failed_of]
    counts = {before.failed_of[name] for name in names}
    if len(counts) == 1:
        failed, runs = counts.pop()
        return said(f"{len(before.flaky)} flaky: failed in {failed} of {runs} runs on the tree as it is")
    told = ", ".join(f"{name} ({before.failed_of[name][0]}/{before.failed_of[name][1]})" for name in names)
    return said(f"{len(before.flaky)} flaky on the tree as it is: {told}")


def compared(before: TestReport, after: TestReport, targets: Sequence[str]) -> Compared:
    """The two reports test by test. `after` is comparable."""
    newly = {name for name in after.expected if name not in before.expected}
    passed = set(after.passed) - newly
    fixed = tuple(name for name in targets if _passes(name, before, passed, after))
    still = tuple(name for name in targets if name not in fixed)
    lost = tuple(name for name in before.passed if name not in passed)
    known = {*before.passed, *failing(before), *before.skipped, *targets}
    mine = (*still, *(name for name in before.uncollected if name not in targets))
    ran = [*before.passed, *before.failed]
    there = {*after.passed, *failing(after), *after.skipped}
    return Compared(
        fixed=fixed,
        still=still,
        lost=lost,
        broken=(*lost, *(name for name in failing(after) if name not in known and not _of_any(name, mine))),
        others=tuple(name for name in failing(before) if name not in targets and name in failing(after)),
        skipped=tuple(name for name in ran if name in newly or name in after.skipped),
        missing=tuple(name for name in ran if name not in there),
    )


def comparable(before: TestReport, after: TestReport) -> TestReport:
    """`after` as one test, where `before` was no more: nothing was built that could report, say."""
    if before.structured or not after.structured:
        return after
    command = (*before.failed, *before.passed)
    good = after.exit_code == 0 and not after.timed_out and not failing(after) and bool(after.passed)
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
    before: TestReport, after: TestReport, found: Compared, *, tampered: Sequence[str], repairs: bool
) -> tuple[Outcome, str]:
    still = found.still
    counts = [f"{len(found.broken)} broken"] * bool(found.broken)
    if repairs and still:
        counts = [f"{len(still)} still failing", *counts]
    # What somebody else says in their place is not theirs.
    silent = _silent(before, after)
    ended = f"the command ended with {after.exit_code}, although its report shows no failure"
    against: list[tuple[bool, Outcome, str]] = [
        (bool(tampered), "tampered", "protected files were changed; they were put back for the re-run"),
        (after.timed_out, "not_fixed", f"the re-run did not end within {after.seconds:.0f} s"),
        (before.structured and not after.structured, "not_fixed", "the re-run left no report"),
        (bool(silent), "not_fixed", f"the re-run left no report of {', '.join(silent)}"),
        (bool(counts), "not_fixed", ", ".join(counts)),
        # Those that did not have to be repaired may fail, and may not be hidden.
        (repairs and bool(found.skipped), "not_fixed", f"{len(found.skipped)} skipped that ran before"),
        (repairs and bool(found.missing), "not_fixed", f"{len(found.missing)} gone that ran before"),
        (after.exit_code != 0 and not failing(after), "not_fixed", ended),
    ]
    for applies, outcome, why in against:
        if applies:
            return outcome, why
    if not failing(before) and not found.fixed:
        ran = has_tests(before) or has_tests(after)
        why = "nothing was failing before, and everything still passes"
        return "unbroken", why if ran else "no test ran, before or after: nothing is known"
    if still:
        return "unbroken", f"everything that passed still does; {len(still)} failed before and after"
    if not found.fixed:
        return "unbroken", "nothing had to be repaired, and everything that passed still does"
    if found.others:
        return "fixed", f"all that had to be repaired passes; {len(found.others)} others failed before and after"
    return "fixed", "all that failed passes, and all that passed still does"


def _silent(before: TestReport, after: TestReport) -> tuple[str, ...]:
    return tuple(sorted(_runners(before) - _runners(after)))


def _runners(report: TestReport) -> set[str]:
    return {name for name in report.runner.split(", ") if name}


def _passes(name: str, before: TestReport, passed: Collection[str], after: TestReport) -> bool:
    """A module that could not be loaded passes when it loads, and it has tests, and none of them fails."""
    if name not in before.uncollected:
        return name in passed
    loaded = any(_of(test, name) for test in passed)
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
