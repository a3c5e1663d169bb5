"""Whole lines of output: cut or wrapped to a width, with foreign text kept off column 0. Pure."""

from __future__ import annotations

from r1code.ui.flow import Flow, clip, excerpt
from r1code.ui.messages import localized
from r1code.ui.piece import Piece, Style

UNBOUNDED = 400
"""Where there is no terminal: how long a line may be that is cut at all."""
MARGIN = "  "
"""Column 0 is ours: every line of foreign text begins with this or with another prefix."""


def line(text: str, style: Style = "plain", width: int | None = None) -> Piece:
    return Piece(f"{clip(localized(text), width)}\n", style)


def block(text: str, lines: int, width: int | None, style: Style = "plain") -> list[Piece]:
    """The first lines of foreign text, and how many more there are."""
    shown, hidden = excerpt(text, lines, UNBOUNDED)
    flow = Flow(MARGIN, width)
    pieces = [Piece(flow.feed(shown) + flow.end(), style)]
    return [*pieces, Piece(f"{MARGIN}{more(hidden)}\n", "dim")] if hidden else pieces


def more(count: int) -> str:
    return localized(f"… {count:,} more {'line' if count == 1 else 'lines'}")


def seconds(value: float) -> str:
    minute = 60
    if value < minute:
        return f"{value:.1f} s"
    return localized(f"{int(value) // minute} min {int(value) % minute} s")


def wrapped(text: str, width: int | None) -> str:
    """A line that begins with a word of ours; what follows in it keeps off column 0."""
    flow = Flow(MARGIN, width)
    return (flow.feed(localized(text)) + flow.end())[len(MARGIN) :]
