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
from r1code.ui.themes import DARK, Theme

_ATTRIBUTES = frozenset({"bold", "reverse", "underline"})
_GREY = {"dim": "brightblack"}
_MENU = {
    "completion-menu": "noinherit",
    "completion-menu.completion": "noinherit",
    "completion-menu.completion.current": "noinherit reverse",
    "completion-menu.meta.completion": "noinherit",
    "completion-menu.meta.completion.current": "noinherit reverse",
    "scrollbar.background": "noinherit",
    "scrollbar.button": "noinherit reverse",
    "search": "noinherit reverse",
}
"""Instead of prompt-toolkit's own colours, which fit no theme of ours."""
Colors = Literal["standard", "256", "truecolor"]


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
    theme: Theme = DARK

    def text(self, blocks: list[Block], width: int) -> str:
        """What is written for them, with newlines."""
        from rich.console import Console

        from r1code.ui.render import Painter
        from r1code.ui.repl.markdown import rendered

        console = Console(
            file=io.StringIO(), force_terminal=True, color_system=self.colors, no_color=self.colors is None
        )
        painter = Painter(console, self.theme)
        return "".join(
            painter.text(one)
            if isinstance(one, Piece)
            else rendered(one.text, width, colors=self.colors, code_theme=self.theme.code)
            for one in blocks
        )

    @property
    def style(self) -> Style:
        """Of the lines at the bottom: `class:NAME` for each piece's style, and a few names more."""
        theme = self.theme
        words: dict[str, str] = {
            **{str(name): style for name, style in theme.text.items()},
            "prompt": theme.prompt,
            "mode": theme.mode,
            "status": theme.status,
        }
        rules = {name: self._bottom(style) for name, style in words.items() if " " not in name}
        return Style.from_dict({**rules, **_MENU})

    def _bottom(self, words: str) -> str:
        """A style in prompt-toolkit's words; without colours only attributes are left."""
        colors = [f"ansi{_GREY.get(word, word)}" for word in words.split() if word not in _ATTRIBUTES]
        attributes = [word for word in words.split() if word in _ATTRIBUTES]
        return " ".join([*attributes, *(colors if self.colors is not None else [])])
