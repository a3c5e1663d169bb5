"""What a card has to say about single files and lines, for those who show that beside the code. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from r1code.reports.card import Card
from r1code.reports.changed import inside
from r1code.types import Case, TestReport, Verdict

Rule = Literal["test-failing", "test-broken", "test-flaky", "protected-file", "no-result"]
Level = Literal["error", "warning"]
LEVELS: Mapping[Rule, Level] = {
    "test-failing": "error",
    "test-broken": "error",
    "test-flaky": "warning",
    "protected-file": "error",
    "no-result": "error",
}
TITLES: Mapping[Rule, str] = {
    "test-failing": "A test fails",
    "test-broken": "The patch breaks a test",
    "test-flaky": "A test is flaky",
    "protected-file": "The patch changes a protected file",
    "no-result": "r1code came to no result",
}
MEANINGS: Mapping[Rule, str] = {
    "test-failing": "The test failed before r1code began, and it is not repaired.",
    "test-broken": "The test passed before, and does not with the patch. A repair that does so is not applied.",
    "test-flaky": "The test failed, and passed when it was run again on the same files.",
    "protected-file": "A repair may not change tests and what decides about them. The file was put back for the "
    "re-run of the tests, and the patch is not in the work tree.",
    "no-result": "The tests could not be run, or r1code could not work: nothing is known about the code.",
}
_LONGEST = 2_000
"""Characters of what a test said."""
_DIGITS = 32


class Spot(Struct, frozen=True, kw_only=True):
    """One finding at one place."""

    rule: Rule
    subject: str
    """The test or the file that it is about; with the rule it names the finding."""
    path: str = ""
    """In the work tree; empty: not known."""
    line: int | None = None
    message: str

    @property
    def level(self) -> Level:
        return LEVELS[self.rule]

    @property
    def fingerprint(self) -> str:
        """The same from run to run, wherever the line has moved to."""
        text = f"{self.rule}\0{self.path}\0{self.subject}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def spots(card: Card) -> tuple[Spot, ...]:
    """All of them, the gravest first; of a test that is repaired none."""
    return tuple(_spots(card))


def _spots(card: Card) -> Iterator[Spot]:
    if card.outcome in {"error", "cannot_reproduce", "unfinished"}:
        yield Spot(rule="no-result", subject=card.outcome, message=_why_none(card))
    if card.verdict is not None:
        yield from _judged(card, card.verdict)
    elif card.before is not None:
        known = cases(card.before)
        for name in (*card.before.uncollected, *card.before.failed):
            yield spot("test-flaky" if name in card.before.flaky else "test-failing", name, known.get(name))


def _judged(card: Card, verdict: Verdict) -> Iterator[Spot]:
    for path in verdict.tampered:
        yield Spot(rule="protected-file", subject=path, path=inside(path), message=TITLES["protected-file"])
    # What is not repaired was seen before; where the re-run says it anew, that counts.
    known = cases(card.before) | cases(card.after)
    flaky = {*verdict.flaky}
    failing: tuple[tuple[Rule, tuple[str, ...]], ...] = (
        ("test-broken", verdict.broken),
        ("test-failing", verdict.still_failing),
    )
    for rule, names in failing:
        for name in names:
            yield spot("test-flaky" if name in flaky else rule, name, known.get(name))


def spot(rule: Rule, name: str, case: Case | None) -> Spot:
    """About a test. Where it is shows the report, else its id, as far as that names a file."""
    path = "" if case is None else inside(case.file)
    line = case.line if case is not None and path else None
    if not path and "::" in name and "." in name.partition("::")[0]:
        path = inside(name.partition("::")[0])
    told = "" if case is None else case.text.strip()
    if len(told) > _LONGEST:
        told = f"{told[:_LONGEST]} …"
    message = f"{TITLES[rule]}: {name}"
    return Spot(rule=rule, subject=name, path=path, line=line, message=f"{message}\n{told}" if told else message)


def cases(report: TestReport | None) -> dict[str, Case]:
    """What is known of the tests that failed, by their ids."""
    return {} if report is None else {case.id: case for case in report.failures}


def _why_none(card: Card) -> str:
    if card.error is not None:
        return f"{card.error.what}: {card.error.why}"
    if card.before is not None and card.before.digest.strip():
        return card.before.digest.strip()[-_LONGEST:]
    return TITLES["no-result"]
