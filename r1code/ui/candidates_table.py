"""Several candidates beside each other, and which of them is taken."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.events import CandidateChosen, Standing
from r1code.ui.flow import cells
from r1code.ui.lines import MARGIN, line, wrapped
from r1code.ui.piece import Piece, Style


def told_candidates(event: CandidateChosen, width: int | None) -> Iterator[Piece]:
    """Which one, why, and a row for each, the best first."""
    yield Piece("\n")
    count = len(event.candidates)
    yield Piece(wrapped(f"candidate {event.candidate} of {count}: {event.why}", width), "strong")
    rows = [_row(one) for one in event.candidates]
    widths = [max(cells(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row, one in zip(rows, event.candidates, strict=True):
        padded = [text + " " * (width - cells(text)) for text, width in zip(row, widths, strict=False)]
        style: Style = "good" if one.candidate == event.candidate and one.outcome == "fixed" else "plain"
        yield line(MARGIN + "  ".join([*padded, row[-1]]), style, width)


def _row(one: Standing) -> tuple[str, ...]:
    tests = [
        f"{one.fixed} fixed",
        f"{one.still_failing} still failing" if one.still_failing else "",
        f"{one.broken} broken" if one.broken else "",
    ]
    ways = [
        one.strategy,
        f"temperature {one.temperature:g}" if one.temperature is not None else "",
        f"seed {one.seed}" if one.seed is not None else "",
    ]
    lines = "1 line" if one.lines == 1 else f"{one.lines} lines"
    return (
        str(one.candidate),
        one.outcome.replace("_", " "),
        ", ".join(filter(None, tests)),
        lines,
        ", ".join(filter(None, ways)),
    )
