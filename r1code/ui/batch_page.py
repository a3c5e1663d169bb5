"""A batch as one HTML page with plots: nothing in it runs, and nothing of it is fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from r1code.batch.summary import Row, Summary, curve
from r1code.ui.pages import environment, written

WIDTH, HEIGHT = 420, 220
_LEFT, _BOTTOM, _TOP, _RIGHT = 44, 34, 26, 12


class Line(Struct, frozen=True, kw_only=True):
    title: str
    unit: str
    points: str
    """As SVG wants them."""
    last: str
    """What stands at the right end of the axis."""


class Bar(Struct, frozen=True, kw_only=True):
    name: str
    count: int
    y: float
    width: float
    is_solved: bool


def page(summary: Summary) -> str:
    """Complete HTML. All text in it is made safe and escaped."""
    return written(
        environment(),
        "batch.html.jinja",
        summary=summary,
        lines=lines_of(summary),
        bars=_bars(summary),
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=WIDTH - _RIGHT,
        top=_TOP,
        bottom=HEIGHT - _BOTTOM,
    )


def headline(summary: Summary) -> str:
    low, high = summary.interval
    return f"{summary.solved} of {summary.done} solved: {summary.rate:.1%} ({low:.1%} - {high:.1%})"


def measures(summary: Summary) -> list[tuple[str, str, Callable[[Row], float]]]:
    """What the plots have on their axis: title, unit, figure."""
    found: list[tuple[str, str, Callable[[Row], float]]] = [
        ("Solved within a time", "s", lambda row: row.seconds),
        ("Solved within tokens", "tokens", lambda row: float(row.tokens)),
    ]
    if summary.cost is not None and summary.currency:
        found.append(("Solved within a cost", summary.currency, lambda row: row.cost or 0.0))
    return found


def lines_of(summary: Summary) -> list[Line]:
    return [_line(title, unit, curve(summary.rows, measure)) for title, unit, measure in measures(summary)]


def _line(title: str, unit: str, points: Sequence[tuple[float, float]]) -> Line:
    most = max(points[-1][0], 1e-12)
    across, up = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    placed = (f"{_LEFT + across * x / most:.1f},{HEIGHT - _BOTTOM - up * y:.1f}" for x, y in points)
    return Line(title=title, unit=unit, points=" ".join(placed), last=f"{points[-1][0]:,.4g}")


def _bars(summary: Summary) -> list[Bar]:
    most = max(summary.outcomes.values(), default=1)
    return [
        Bar(name=name, count=count, y=18.0 * at, width=200.0 * count / most, is_solved=name == "fixed")
        for at, (name, count) in enumerate(summary.outcomes.items())
    ]
