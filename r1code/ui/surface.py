"""Where pieces are written outside of a turn: a terminal with or without colour, a pipe, or a CI log."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TextIO

from r1code.ui.listener import Color, is_coloured
from r1code.ui.outlet import Outlet
from r1code.ui.piece import Piece
from r1code.ui.render import Painter, console_for
from r1code.ui.safe import safe_ci
from r1code.ui.themes import theme_of

_AT_ONCE = 1_000
"""Pieces, so that long output begins soon and is not written in crumbs."""


class Surface:
    def __init__(
        self,
        stream: TextIO,
        *,
        color: Color = "auto",
        ci: bool = False,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """As `listener_for`: a CI log never gets colours, nor a line that is a command there."""
        self._outlet = Outlet(stream)
        self._ci = ci
        is_terminal = not ci and (color == "always" or stream.isatty())
        console = console_for(stream, color=is_coloured(color, environ))
        self._painter = Painter(console, theme_of("auto", environ)) if is_terminal else None
        self.width = console.width if is_terminal else None
        """Columns; None: no terminal."""

    def write(self, pieces: Iterable[Piece]) -> None:
        """Whole lines. Raises only OSError."""
        waiting: list[str] = []
        for piece in pieces:
            waiting.append(piece.text if self._painter is None else self._painter.text(piece))
            if len(waiting) >= _AT_ONCE and piece.text.endswith("\n"):
                self._flush(waiting)
        self._flush(waiting)

    def _flush(self, waiting: list[str]) -> None:
        text = "".join(waiting)
        waiting.clear()
        self._outlet.write(safe_ci(text) if self._ci else text)
