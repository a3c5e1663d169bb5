"""The forms of a report, by name, and how a person names one with its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.errors import UsageError
from r1code.reports.annotations import commands
from r1code.reports.codequality import codequality
from r1code.reports.jsonl import jsonl
from r1code.reports.junit import junit, junit_before
from r1code.reports.markdown import comment, summary
from r1code.reports.mbox import diff, mbox
from r1code.reports.sarif import sarif
from r1code.reports.sheet import Sheet
from r1code.ui.export import as_json
from r1code.ui.page import page

Make = Callable[[Sheet], str]
STDOUT = "-"
GITHUB = "github"
"""No file, but what GitHub Actions reads of a step."""


def _page(sheet: Sheet) -> str:
    if sheet.document is None:
        raise UsageError(
            "there is no page",
            why="the run ended before it had a session",
            hint="the form json says why it ended",
        )
    return page(sheet.document)


FORMS: Mapping[str, Make] = {
    "json": lambda sheet: as_json(msgspec.to_builtins(sheet.card)),
    "jsonl": jsonl,
    "diff": lambda sheet: diff(sheet.card),
    "mbox": lambda sheet: mbox(sheet.card, trailer=sheet.trailer),
    "junit": lambda sheet: junit(sheet.card),
    "junit-before": lambda sheet: junit_before(sheet.card),
    "markdown": lambda sheet: summary(sheet.card),
    "comment": lambda sheet: comment(sheet.card),
    "annotations": lambda sheet: commands(sheet.card),
    "codequality": lambda sheet: codequality(sheet.card),
    "sarif": lambda sheet: sarif(sheet.card),
    "html": _page,
}
"""Each raises only UsageError, where there is no such report of this run."""
_ENDS: Mapping[str, str] = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".diff": "diff",
    ".patch": "diff",
    ".mbox": "mbox",
    ".xml": "junit",
    ".md": "markdown",
    ".sarif": "sarif",
    ".html": "html",
    ".htm": "html",
}
AS_IT_IS = frozenset({"diff", "mbox"})
"""Forms that a program applies: not a character in them may be another."""
FOR_CI = frozenset({"annotations"})
"""Forms that are commands to a CI service."""


class Target(Struct, frozen=True):
    """A report that somebody wants."""

    form: str
    file: str
    """STDOUT: standard output. Of GITHUB empty."""


def target_of(text: str) -> Target:
    """FORM:FILE, or a FILE whose name shows the form. Raises UsageError."""
    if text == GITHUB:
        return Target(GITHUB, "")
    head, colon, file = text.partition(":")
    if colon and head in FORMS and file:
        return Target(head, file)
    form = form_of(text)
    if form is None or not text:
        raise UsageError(
            f"no report can be made from {text!r}",
            why="it neither begins with a form and a colon, nor does the name of the file show one",
            hint=f"write FORM:FILE; the forms: {', '.join(FORMS)}; or {GITHUB} alone",
        )
    return Target(form, text)


def form_of(name: str) -> str | None:
    """As a file's name ends; None: that says nothing."""
    lower = Path(name).name.lower()
    if lower.endswith(".sarif.json"):
        return "sarif"
    if "code-quality" in lower and lower.endswith(".json"):
        return "codequality"
    return _ENDS.get(Path(lower).suffix)
