"""What is drawn of a bench, on a page or as a picture: figures over the number of sessions at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from r1code.serving.bench.figures import Figures, Spread

ACROSS = "sessions at a time"
Points = tuple[tuple[int, float], ...]


class Curve(Struct, frozen=True, kw_only=True):
    name: str
    points: Points
    """Sessions at a time, and the figure."""


class Chart(Struct, frozen=True, kw_only=True):
    title: str
    unit: str
    curves: tuple[Curve, ...]
    goal: float | None = None

    @property
    def most(self) -> float:
        return max([*(y for curve in self.curves for _, y in curve.points), self.goal or 0.0, 1e-12])


def charts_of(figures: Sequence[Figures], *, ttft: float, tpot: float) -> list[Chart]:
    """Those of which there is a point; `ttft` and `tpot` are the goal."""

    def curve(name: str, value: Callable[[Figures], float | None]) -> Curve:
        found = ((one.concurrency, value(one)) for one in figures)
        return Curve(name=name, points=tuple((x, y) for x, y in found if y is not None))

    charts = [
        Chart(
            title="Throughput",
            unit="tokens/s",
            curves=(
                curve("output", lambda one: one.output_per_second or None),
                curve(
                    "within the goal", lambda one: None if one.goodput is None else one.goodput.tokens_per_second
                ),
            ),
        ),
        Chart(
            title="Time to first token",
            unit="s",
            curves=(
                curve("median", lambda one: _of(one.ttft, "p50")),
                curve("95 %", lambda one: _of(one.ttft, "p95")),
            ),
            goal=ttft,
        ),
        Chart(
            title="Time per output token",
            unit="ms",
            curves=(
                curve("median", lambda one: _milliseconds(_of(one.tpot, "p50"))),
                curve("95 %", lambda one: _milliseconds(_of(one.tpot, "p95"))),
            ),
            goal=tpot * 1000,
        ),
        Chart(
            title="Shares",
            unit="%",
            curves=(
                curve(
                    "turns within the goal", lambda one: None if one.goodput is None else 100 * one.goodput.share
                ),
                curve("prefix hits", lambda one: _percent(hit_rate(one))),
            ),
        ),
    ]
    return [chart for chart in charts if any(curve.points for curve in chart.curves)]


def hit_rate(figures: Figures) -> float | None:
    """By the answers' usage; where that says nothing, by the server's metric."""
    return figures.server_hit_rate if figures.hit_rate is None else figures.hit_rate


def _of(spread: Spread | None, name: str) -> float | None:
    return None if spread is None else float(getattr(spread, name))


def _milliseconds(value: float | None) -> float | None:
    return None if value is None else value * 1000


def _percent(value: float | None) -> float | None:
    return None if value is None else value * 100
