"""Blocks in colour: for the scrollback as escape sequences, for the bottom lines as styles."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from prompt_toolkit.styles import Style

from r1code.ui.listener import is_coloured
from r1code.ui.piece import Piece
from r1code.ui.repl.narrator import Block

Colors = Literal["standard", "256", "truecolor"]
_CODE = "ansi_dark"
_STYLES = {
    "dim": "ansibrightblack",
    "strong": "bold",
    "prompt": "ansicyan bold",
    "mode": "ansimagenta",
    "good": "ansigreen",
    "bad": "ansired",
    "warn": "ansiyellow",
    "menu": "",
    "menu.current": "reverse",
    "menu.meta": "ansibrightblack",
    "status": "ansibrightblack",
}


def colors_of(wanted: Literal["auto", "always", "never"], environ: Mapping[str, str]) -> Colors | None:
    """How many colours there are to use. None: none."""
    if not is_coloured(wanted, environ):
        return None
    if environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return "truecolor"
    return "256" if "256" in environ.get("TERM", "") else "standard"


class Paint(Struct, kw_only=True):
    """`colors`: None for none."""

    colors: Colors | None

    def text(self, blocks: list[Block], width: int) -> str:
        """What is written for them, with newlines."""
        from rich.console import Console

        from r1code.ui.render import Painter
        from r1code.ui.repl.markdown import rendered

        console = Console(
            file=io.StringIO(), force_terminal=True, color_system=self.colors, no_color=self.colors is None
        )
        painter = Painter(console)
        return "".join(
            painter.text(one)
            if isinstance(one, Piece)
            else rendered(one.text, width, colors=self.colors, code_theme=_CODE)
            for one in blocks
        )

    @property
    def style(self) -> Style:
        """Of the lines at the bottom: `class:NAME` for each piece's style, and a few names more."""
        if self.colors is None:
            return Style.from_dict({"menu.current": "reverse", "strong": "bold"})
        return Style.from_dict(_STYLES)
