"""The report card of a verdict: what was checked, one line each, and what came of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from msgspec import Struct
from msgspec.structs import replace

from r1code.types import Check, CheckName, Outcome, TestReport, Verdict

_ORDER: tuple[CheckName, ...] = get_args(CheckName)


def said(text: str) -> str:
    """Marks what a person reads, so that its translation is looked for."""
    return text


class Compared(Struct, frozen=True, kw_only=True):
    """Two reports of the same tests, test by test."""

    fixed: tuple[str, ...]
    still: tuple[str, ...]
    lost: tuple[str, ...]
    """Passed before, and do not now."""
    broken: tuple[str, ...]
    """These, and new ones that fail."""
    others: tuple[str, ...]
    skipped: tuple[str, ...]
    missing: tuple[str, ...]
    """These three: as in a verdict."""


def card(
    before: TestReport,
    after: TestReport,
    found: Compared,
    *,
    tampered: Sequence[str],
    failing: Sequence[str],
    silent: Sequence[str],
) -> tuple[Check, ...]:
    """What one clean re-run shows. `failing`: what had to pass and does not."""
    wanted = len(found.fixed) + len(failing)
    is_there = after.structured or not before.structured
    skipped, broken, touched = len(found.skipped), len(found.broken), len(tampered)
    bad_exit = after.exit_code != 0 and not (after.failed or after.uncollected)
    targets = said(f"{len(found.fixed)} of {wanted} that had to pass do")
    kept = said(f"{len(before.passed)} that passed still do")
    return (
        _check("targets", targets, bad=bool(failing))
        if wanted
        else Check(name="targets", state="not_run", text="nothing had to be repaired"),
        _check("unbroken", said(f"{broken} broken") if broken else kept, bad=bool(broken)),
        _check("collected", _told_ids(before, after, found), bad=bool(found.missing)),
        _check(
            "skips",
            said(f"{skipped} skipped that ran before") if skipped else said("nothing newly skipped"),
            bad=bool(skipped),
        ),
        _check(
            "protected",
            said(f"{touched} protected touched") if touched else said("tests and their configuration untouched"),
            bad=bool(touched),
        ),
        _check("report", _told_report(after, silent), bad=bool(silent) or after.timed_out or not is_there),
        _check("exit_code", said(f"the command ended with {after.exit_code}"), bad=bad_exit),
    )


def _check(name: CheckName, text: str, *, bad: bool) -> Check:
    return Check(name=name, state="failed" if bad else "ok", text=text)


def _told_ids(before: TestReport, after: TestReport, found: Compared) -> str:
    if found.missing:
        return said(f"{len(found.missing)} gone that ran before")
    known = {*before.passed, *before.failed, *before.skipped}
    new = sum(name not in known for name in (*after.passed, *after.failed, *after.skipped))
    return said(f"all tests are there, {new} new") if new else said("the same tests as before")


def _told_report(after: TestReport, silent: Sequence[str]) -> str:
    if after.timed_out:
        return said(f"the re-run did not end within {after.seconds:.0f} s")
    if silent:
        return said(f"no report of {', '.join(silent)}")
    return said(f"test by test, by {after.runner}") if after.structured else said("no report of single tests")


def with_checks(verdict: Verdict, *checks: Check, worse: tuple[Outcome, str] | None = None) -> Verdict:
    """The verdict with more on its card. A check that failed makes it not fixed, or `worse` says what instead."""
    failed = next((one for one in checks if one.state == "failed"), None)
    names = {one.name for one in checks}
    every = [one for one in verdict.checks if one.name not in names]
    ordered = tuple(sorted([*every, *checks], key=lambda one: _ORDER.index(one.name)))
    if failed is None:
        return replace(verdict, checks=ordered)
    outcome, why = worse or ("not_fixed", failed.text)
    return replace(verdict, checks=ordered, outcome=outcome, why=why)


def finished(verdict: Verdict) -> Verdict:
    """The verdict with a line on its card for what did not come to be checked."""
    there = {one.name for one in verdict.checks}
    reasons: dict[CheckName, str] = {
        "repeats": said("only what is fixed is run again"),
        "control": said("no run in which a test of r1code's own could fail"),
        "counter_test": said("only what is fixed is doubted"),
        "gates": said("it was decided before"),
        "added_tests": said("no test was added, or it was decided before"),
        "suspicious": said("it was decided before"),
    }
    return with_checks(
        verdict,
        *(Check(name=name, state="not_run", text=text) for name, text in reasons.items() if name not in there),
    )
