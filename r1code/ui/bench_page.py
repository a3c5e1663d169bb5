"""A bench as one HTML page with plots: nothing in it runs, and nothing of it is fetched."""

from __future__ import annotations

import math

from msgspec import Struct

from r1code.serving.bench.figures import all_figures, saturation
from r1code.serving.bench.result import Result
from r1code.ui.bench_charts import Chart, charts_of, hit_rate
from r1code.ui.bench_table import remarks
from r1code.ui.pages import environment, written

_WIDTH, _HEIGHT = 420, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 408, 46, 206
_COLORS = ("#2da44e", "#bf8700")


class _Line(Struct, frozen=True, kw_only=True):
    name: str
    color: str
    points: tuple[tuple[float, float], ...]

    @property
    def path(self) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)


class _Plot(Struct, frozen=True, kw_only=True):
    title: str
    unit: str
    most: float
    lines: tuple[_Line, ...]
    ticks: tuple[tuple[float, int], ...]
    goal: float | None


def page(result: Result) -> str:
    """Complete HTML. All text in it is made safe and escaped."""
    figures = all_figures(result)
    charts = charts_of(figures, ttft=result.goal.ttft, tpot=result.goal.tpot)
    return written(
        environment(),
        "bench.html.jinja",
        result=result,
        figures=figures,
        saturation=saturation(figures),
        remarks=remarks(result, figures),
        plots=[_plot(chart) for chart in charts],
        hit_rate=hit_rate,
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        right=_RIGHT,
        top=_TOP,
        bottom=_BOTTOM,
    )


def _plot(chart: Chart) -> _Plot:
    levels = sorted({x for curve in chart.curves for x, _ in curve.points})
    low, span = math.log2(levels[0]), max(math.log2(levels[-1]) - math.log2(levels[0]), 1.0)

    def across(level: int) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (math.log2(level) - low) / span

    def up(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * value / chart.most

    lines = [
        _Line(
            name=curve.name,
            color=_COLORS[at % len(_COLORS)],
            points=tuple((across(x), up(y)) for x, y in curve.points),
        )
        for at, curve in enumerate(chart.curves)
        if curve.points
    ]
    return _Plot(
        title=chart.title,
        unit=chart.unit,
        most=chart.most,
        lines=tuple(lines),
        ticks=tuple((across(level), level) for level in levels),
        goal=None if chart.goal is None else up(chart.goal),
    )
