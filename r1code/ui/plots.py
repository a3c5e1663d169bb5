"""Pictures: matplotlib, where it is installed."""

# matplotlib is optional, and has no types here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import Any

from r1code.errors import UsageError
from r1code.ui.safe import safe_line


def figure(plots: int) -> Any:  # noqa: ANN401 - see above
    """An empty one with room for so many plots beside each other. Raises UsageError without matplotlib."""
    try:
        # Not pyplot: it would look for a screen, and keeps every figure.
        made: Any = import_module("matplotlib.figure").Figure
    except ImportError as error:
        raise UsageError(
            "there is no picture without matplotlib",
            why=str(error),
            hint="pip install 'r1code[plots]', or --html FILE, which needs nothing",
        ) from error
    return made(figsize=(5 * plots, 4), layout="constrained")


def png(drawn: Any, name: str) -> bytes:  # noqa: ANN401 - see above
    """A figure as a PNG, with a name above it."""
    # A `$` would begin a formula, and what the font lacks a warning.
    drawn.suptitle(safe_line(name).encode("ascii", "replace").decode().replace("$", r"\$"))
    out = BytesIO()
    drawn.savefig(out, format="png", dpi=120)
    return out.getvalue()
