"""Markdown blocks as a terminal shows them: rich's rendering, made once for each block."""

from __future__ import annotations

import io

from rich.console import Console
from rich.markdown import Markdown

from r1code.ui.lines import MARGIN
from r1code.ui.repl.painting import Colors
from r1code.ui.safe import safe

_NARROWEST = 20


def rendered(block: str, width: int, *, colors: Colors | None, code_theme: str) -> str:
    """Lines that keep off column 0. `colors`: how many the terminal has; None: none are used."""
    out = io.StringIO()
    console = Console(
        file=out,
        force_terminal=colors is not None,
        color_system=colors,
        width=max(_NARROWEST, width - len(MARGIN)),
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(Markdown(safe(block), hyperlinks=False, code_theme=code_theme))
    lines = [line.rstrip() for line in out.getvalue().split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return "".join(f"{MARGIN}{line}\n" for line in lines)
