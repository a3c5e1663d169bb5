"""Pictures: matplotlib, where it is installed."""

# matplotlib is optional, and has no types here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import Any, Protocol

from r1code.errors import UsageError
from r1code.ui.safe import safe_line


class Figure(Protocol):
    """What is used of matplotlib's."""

    def subplots(self, rows: int, columns: int, *, squeeze: bool = True) -> object: ...

    def suptitle(self, text: str) -> object: ...

    def savefig(self, out: BytesIO, **how: object) -> object: ...


def figure(plots: int) -> Figure:
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
    drawn: Figure = made(figsize=(5 * plots, 4), layout="constrained")
    return drawn


def png(drawn: Figure, name: str) -> bytes:
    """A figure as a PNG, with a name above it."""
    # A `$` would begin a formula, and what the font lacks a warning.
    drawn.suptitle(safe_line(name).encode("ascii", "replace").decode().replace("$", r"\$"))
    out = BytesIO()
    drawn.savefig(out, format="png", dpi=120)
    return out.getvalue()
