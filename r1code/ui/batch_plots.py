"""The plots of a batch as a picture: see r1code.ui.plots."""

# matplotlib is optional, and has no types here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

from r1code.batch.summary import Summary, curve
from r1code.ui.batch_page import headline, measures
from r1code.ui.plots import figure, png
from r1code.ui.safe import safe_line


def picture(summary: Summary) -> bytes:
    """A PNG. Raises UsageError where matplotlib is not installed."""
    plots = measures(summary)
    drawn = figure(len(plots) + 1)
    axes: Any = drawn.subplots(1, len(plots) + 1)
    names = list(summary.outcomes)
    axes[0].barh(names[::-1], [summary.outcomes[name] for name in names[::-1]])
    axes[0].set_title(headline(summary))
    for at, (title, unit, measure) in enumerate(plots, start=1):
        points = curve(summary.rows, measure)
        axes[at].plot([x for x, _ in points], [y for _, y in points])
        axes[at].set(title=title, xlabel=safe_line(unit), ylim=(0, 1))
    return png(drawn, f"{summary.manifest.profile} ({summary.manifest.model})")
