"""A card as JUnit's XML, as Jenkins and GitLab read it: the tests as they are left, or as they were. Pure.

Two forms and not two suites of one file: those who collect such files would count each test twice, and show what
failed before as failing now.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from msgspec import Struct

from r1code.reports.card import Card
from r1code.reports.changed import inside
from r1code.reports.escape import xml, xml_line
from r1code.reports.finding import cases
from r1code.reports.words import told
from r1code.types import Case, TestReport

_MOST = 100
"""Names in a list."""
_LONGEST = 10_000
"""Characters of what one test said."""


class _Result(Struct, frozen=True, kw_only=True):
    """What is said of one test; `kind` is empty where it passed."""

    id: str
    kind: str = ""
    message: str = ""
    text: str = ""
    note: str = ""
    case: Case | None = None


def junit(card: Card) -> str:
    """The tests on the tree as it is left, and the verdict as a test of its own."""
    report = card.left
    name = "tests with the patch" if report is card.after else "tests"
    suites = [] if report is None else [_suite(name, report, card, _results(card, report))]
    return _whole([*suites, _verdict(card)])


def junit_before(card: Card) -> str:
    """The tests as they were."""
    suites = list[str]()
    if card.before is not None:
        suites.append(_suite("tests before the patch", card.before, card, _of(card.before)))
    return _whole(suites)


def _whole(suites: list[str]) -> str:
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites name="r1code">', *suites, "</testsuites>", ""]
    )


def _of(report: TestReport) -> Iterator[_Result]:
    known = cases(report)
    for name in report.uncollected:
        case = known.get(name)
        yield _Result(id=name, kind="error", message="it could not be loaded", text=_text(case), case=case)
    for name in report.failed:
        case = known.get(name)
        flaky = "it passed when it was run again alone" if name in report.flaky else ""
        yield _Result(id=name, kind="failure", message=_first(case), text=_text(case), note=flaky, case=case)
    for name in report.skipped:
        yield _Result(id=name, kind="skipped")
    for name in report.passed:
        yield _Result(id=name)
    if not (report.failed or report.uncollected) and (report.timed_out or report.exit_code):
        why = "it did not end in time" if report.timed_out else f"it ended with {report.exit_code}"
        yield _Result(id="the test command", kind="error", message=why, text=report.digest)


def _results(card: Card, report: TestReport) -> Iterator[_Result]:
    """As `_of`, with what the verdict adds: what the patch repaired, and what is gone."""
    verdict = card.verdict if report is card.after else None
    fixed = set[str]() if verdict is None else {*verdict.fixed}
    named = set[str]()
    for one in _of(report):
        named.add(one.id)
        yield _Result(id=one.id, note="fixed by the patch") if one.id in fixed and not one.kind else one
    for name in () if verdict is None else (*verdict.broken, *verdict.still_failing):
        if name not in named:
            yield _Result(id=name, kind="error", message="it did not run, or is gone")


def _suite(name: str, report: TestReport, card: Card, results: Iterator[_Result]) -> str:
    found = list(results)
    counts = {kind: sum(one.kind == kind for one in found) for kind in ("failure", "error", "skipped")}
    began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(card.began))
    head = (
        f'<testsuite name="{name}" tests="{len(found)}" failures="{counts["failure"]}" errors="{counts["error"]}"'
        f' skipped="{counts["skipped"]}" time="{report.seconds:.3f}" timestamp="{began}">'
    )
    return "\n".join([head, *map(_case, found), "</testsuite>"])


def _case(one: _Result) -> str:
    place, name = _named(one.id)
    file = inside("" if one.case is None else one.case.file)
    attributes = f'classname="{xml_line(place)}" name="{xml_line(name)}"'
    if file:
        attributes += f' file="{xml_line(file)}"'
    if one.case is not None and one.case.seconds is not None:
        attributes += f' time="{one.case.seconds:.3f}"'
    inner = ""
    if one.kind == "skipped":
        inner = "<skipped/>"
    elif one.kind:
        text = one.text if len(one.text) <= _LONGEST else f"{one.text[:_LONGEST]}\n[…]"
        inner = f'<{one.kind} message="{xml_line(one.message)}" type="{one.kind}">{xml(text)}</{one.kind}>'
    if one.note:
        inner += f"<system-out>{xml(one.note)}</system-out>"
    return f"<testcase {attributes}>{inner}</testcase>" if inner else f"<testcase {attributes}/>"


def _named(test: str) -> tuple[str, str]:
    """The name of a class or module, and that of the test in it."""
    path, colons, rest = test.partition("::")
    if not colons:
        return "tests", test
    # A parameter may have anything in it.
    inner, bracket, parameter = rest.partition("[")
    *classes, name = inner.split("::")
    place = [path.removesuffix(".py").replace("/", "."), *classes]
    return ".".join(filter(None, place)), f"{name}{bracket}{parameter}"


def _first(case: Case | None) -> str:
    """What stands first: pytest marks what went wrong, others end with it."""
    lines = [line for line in _text(case).splitlines() if line.strip()]
    marked = [line.removeprefix("E").strip() for line in lines if line.startswith("E  ")]
    return marked[0] if marked else lines[-1].strip() if lines else "it failed"


def _text(case: Case | None) -> str:
    return "" if case is None else case.text


def _verdict(card: Card) -> str:
    """What r1code makes of it all: tests that pass do not make a patch good that changes them."""
    kind = "" if card.is_good else "error" if card.outcome in _NO_RESULT else "failure"
    said = told(card)
    result = _Result(
        id="r1code::verdict", kind=kind, message=said, text=_about_patch(card), note="" if kind else said
    )
    counts = f'failures="{int(kind == "failure")}" errors="{int(kind == "error")}" skipped="0"'
    head = f'<testsuite name="r1code" tests="1" {counts} time="{card.seconds:.3f}">'
    return "\n".join([head, _case(result), "</testsuite>"])


def _about_patch(card: Card) -> str:
    """What a patch that was not taken did."""
    verdict = card.verdict
    if verdict is None or not card.patch.diff:
        return ""
    parts = (
        ("changes protected files", verdict.tampered),
        ("breaks", verdict.broken),
        ("does not repair", verdict.still_failing),
        ("repairs", verdict.fixed),
    )
    return "\n".join(f"The patch {what}: {name}" for what, names in parts for name in names[:_MOST])


_NO_RESULT = frozenset({"error", "cannot_reproduce", "unfinished"})
