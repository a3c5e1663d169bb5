"""What a run of the tests came to, as a table: the counts, and a row for each failure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from r1code.types import Case, TestReport
from r1code.ui.flow import cells, clip
from r1code.ui.lines import MARGIN, line, seconds, wrapped
from r1code.ui.piece import Piece, Style
from r1code.ui.safe import safe_line

ROWS = 10
_WIDEST = 60
"""Of the columns of ids, and of places."""
_WORDS = {"failed": "failed", "uncollected": "not collected"}


def told_tests(title: str, command: str, report: TestReport, width: int | None) -> Iterator[Piece]:
    """The head of a report, then its failures."""
    bad = report.failed or report.uncollected or report.exit_code
    head = f"{title}: {safe_line(command)} · {_counts(report)} · {seconds(report.seconds)}"
    yield Piece(wrapped(head, width), "warn" if bad else "plain")
    if report.failures:
        yield from _table(report, width)
    else:
        yield from told_ids("failed", report.failed, width)
        yield from told_ids("not collected", report.uncollected, width)


def told_ids(word: str, ids: Sequence[str], width: int | None) -> Iterator[Piece]:
    if not ids:
        return
    yield line(f"{MARGIN}{word} ({len(ids)}):")
    for name in ids[:ROWS]:
        yield line(f"{MARGIN}{MARGIN}{safe_line(name)}", "plain", width)
    yield from _more(len(ids))


def _counts(report: TestReport) -> str:
    if report.timed_out:
        return "stopped at the time limit"
    if not report.structured:
        return f"no report of single tests, exit code {report.exit_code}"
    named = {
        "failed": report.failed,
        "not collected": report.uncollected,
        "flaky": report.flaky,
        "passed": report.passed,
        "skipped": report.skipped,
    }
    counts = [f"{len(ids)} {word}" for word, ids in named.items() if ids]
    return ", ".join(counts) or "no tests"


def _table(report: TestReport, width: int | None) -> Iterator[Piece]:
    shown = report.failures[:ROWS]
    rows = [(_state(one, report), safe_line(one.id), _place(one), _took(one)) for one in shown]
    widths = [min(_WIDEST, max(cells(row[column]) for row in rows)) for column in range(len(rows[0]))]
    for row in rows:
        padded = (_fitted(text, wide) for text, wide in zip(row, widths, strict=True))
        style: Style = "warn" if row[0] == "flaky" else "bad"
        yield line(f"{MARGIN}{'  '.join(padded).rstrip()}", style, width)
    yield from _more(len(report.failures))


def _state(one: Case, report: TestReport) -> str:
    return "flaky" if one.id in report.flaky else _WORDS[one.state]


def _place(one: Case) -> str:
    if not one.file:
        return ""
    return safe_line(one.file if one.line is None else f"{one.file}:{one.line}")


def _took(one: Case) -> str:
    return "" if one.seconds is None else f"{one.seconds:.2f} s"


def _fitted(text: str, wide: int) -> str:
    text = clip(text, wide)
    return text + " " * (wide - cells(text))


def _more(count: int) -> Iterator[Piece]:
    if count > ROWS:
        yield line(f"{MARGIN}{MARGIN}… {count - ROWS} more", "dim")
