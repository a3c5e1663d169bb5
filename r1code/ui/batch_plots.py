"""The plots of a batch as a picture: matplotlib, where it is installed."""

# matplotlib is optional, and has no types here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import Any

from r1code.batch.summary import Summary, curve
from r1code.errors import UsageError
from r1code.ui.batch_page import headline, measures
from r1code.ui.safe import safe_line


def picture(summary: Summary) -> bytes:
    """A PNG. Raises UsageError where matplotlib is not installed."""
    try:
        # Not pyplot: it would look for a screen, and keeps every figure.
        figure_of: Any = import_module("matplotlib.figure").Figure
    except ImportError as error:
        raise UsageError(
            "there is no picture without matplotlib",
            why=str(error),
            hint="pip install 'r1code[plots]', or --html FILE, which needs nothing",
        ) from error
    plots = measures(summary)
    figure: Any = figure_of(figsize=(5 * (len(plots) + 1), 4), layout="constrained")
    axes: Any = figure.subplots(1, len(plots) + 1)
    names = list(summary.outcomes)
    axes[0].barh(names[::-1], [summary.outcomes[name] for name in names[::-1]])
    axes[0].set_title(headline(summary))
    for at, (title, unit, measure) in enumerate(plots, start=1):
        points = curve(summary.rows, measure)
        axes[at].plot([x for x, _ in points], [y for _, y in points])
        axes[at].set(title=title, xlabel=safe_line(unit), ylim=(0, 1))
    name = safe_line(f"{summary.manifest.profile} ({summary.manifest.model})")
    # A `$` would begin a formula, and what the font lacks a warning.
    figure.suptitle(name.encode("ascii", "replace").decode().replace("$", r"\$"))
    out = BytesIO()
    figure.savefig(out, format="png", dpi=120)
    return out.getvalue()
