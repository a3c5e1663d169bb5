"""The plots of a bench as a picture: see r1code.ui.plots."""

# matplotlib is optional, and has no types here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

from r1code.errors import UsageError
from r1code.serving.bench.figures import all_figures
from r1code.serving.bench.result import Result
from r1code.ui.bench_charts import ACROSS, charts_of
from r1code.ui.plots import figure, png


def picture(result: Result) -> bytes:
    """A PNG. Raises UsageError where matplotlib is not installed, or nothing was measured."""
    charts = charts_of(all_figures(result), ttft=result.goal.ttft, tpot=result.goal.tpot)
    if not charts:
        raise UsageError("there is nothing to draw", why="no turn was answered", hint="look at the failures")
    drawn = figure(len(charts))
    panels: Any = drawn.subplots(1, len(charts), squeeze=False)
    for axes, chart in zip(panels[0], charts, strict=True):
        for curve in chart.curves:
            axes.plot(*zip(*curve.points, strict=True), marker="o", label=curve.name)
        if chart.goal is not None:
            axes.axhline(chart.goal, linestyle="--", color="grey")
        levels = sorted({x for curve in chart.curves for x, _ in curve.points})
        axes.set_xscale("log", base=2)
        axes.set_xticks(levels, [str(level) for level in levels])
        axes.set(title=chart.title, xlabel=ACROSS, ylabel=chart.unit, ylim=(0, chart.most * 1.05))
        axes.legend()
    return png(drawn, result.label or result.served.model)
