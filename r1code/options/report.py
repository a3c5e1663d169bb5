"""The flags of reports: `--report`, and `r1code report`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

FORMS = (
    "json",
    "jsonl",
    "diff",
    "mbox",
    "junit",
    "junit-before",
    "markdown",
    "comment",
    "annotations",
    "codequality",
    "sarif",
    "html",
    "github",
)
"""Those of reports/form.py, which a test compares: it is loaded only where one is made."""


def add_report_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--report",
        metavar="FORM:FILE",
        action="append",
        dest="reports",
        help="at the end, write a report: junit:out.xml, json:-, github, ... (docs/reports.md); may be repeated",
    )


def add_report(add: Callable[..., argparse.ArgumentParser]) -> None:
    report = add("report", help="what a run came to, in a form that CI services read (docs/reports.md)")
    report.add_argument(
        "session", nargs="?", metavar="SESSION", help="the id of a session, or its folder (the last one)"
    )
    report.add_argument(
        "--as", dest="form", choices=FORMS, metavar="FORM", help="one of the forms (as FILE ends; or markdown)"
    )
    report.add_argument("-o", "--output", metavar="FILE", help="write it there (standard output)")
    report.add_argument("--force", action="store_true", help="also over a FILE that is there")
    report.add_argument("--schema", action="store_true", help="print the JSON Schema of the form json, and exit")
