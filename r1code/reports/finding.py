"""What a card has to say about single files and lines, for those who show that beside the code. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from r1code.reports.card import Card
from r1code.reports.changed import inside
from r1code.reports.words import came, why
from r1code.types import Case, TestReport

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
    text: str = ""
    """What was said of it; it may have many lines."""

    @property
    def level(self) -> Level:
        return LEVELS[self.rule]

    @property
    def title(self) -> str:
        """On one line, as far as names are."""
        return f"{TITLES[self.rule]}: {self.subject}"

    @property
    def fingerprint(self) -> str:
        """The same from run to run, wherever the line has moved to."""
        text = f"{self.rule}\0{self.path}\0{self.subject}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def spots(card: Card) -> tuple[Spot, ...]:
    """About the tree as it is left, and about a patch that was not taken; of what is repaired, none."""
    return tuple(_spots(card))


def is_without_result(card: Card) -> bool:
    return card.outcome in {"error", "cannot_reproduce", "unfinished"}


def _spots(card: Card) -> Iterator[Spot]:
    if is_without_result(card):
        yield Spot(rule="no-result", subject=came(card), text=_why_none(card))
    verdict = card.verdict
    if verdict is not None:
        for path in verdict.tampered:
            yield Spot(rule="protected-file", subject=path, path=inside(path))
        known = cases(card.after)
        flaky = {*verdict.flaky}
        for name in verdict.broken:
            yield spot("test-flaky" if name in flaky else "test-broken", name, known.get(name))
    told = {*verdict.broken} if verdict is not None else set[str]()
    if card.left is not None and card.outcome != "cannot_reproduce":
        known = cases(card.left)
        for name in (*card.left.uncollected, *card.left.failed):
            if name not in told:
                yield spot("test-flaky" if name in card.left.flaky else "test-failing", name, known.get(name))


def spot(rule: Rule, name: str, case: Case | None) -> Spot:
    """About a test. Where it is shows the report, else its id, as far as that names a file."""
    path = "" if case is None else inside(case.file)
    line = case.line if case is not None and path else None
    if not path and "::" in name and "." in name.partition("::")[0]:
        path = inside(name.partition("::")[0])
    told = "" if case is None else case.text.strip()
    if len(told) > _LONGEST:
        told = f"{told[:_LONGEST]} …"
    return Spot(rule=rule, subject=name, path=path, line=line, text=told)


def cases(report: TestReport | None) -> dict[str, Case]:
    """What is known of the tests that failed, by their ids."""
    return {} if report is None else {case.id: case for case in report.failures}


def _why_none(card: Card) -> str:
    if card.error is None and card.before is not None and card.before.digest.strip():
        return f"{why(card)}\n{card.before.digest.strip()[-_LONGEST:]}".strip()
    return why(card)
