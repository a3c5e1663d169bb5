"""The transcript in a terminal: styles on top of the same words, printed once and never again."""

from __future__ import annotations

from contextlib import suppress
from typing import TextIO

from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style as RichStyle

from r1code.events import Event
from r1code.ui.outlet import Outlet
from r1code.ui.piece import Piece
from r1code.ui.themes import DARK, Theme
from r1code.ui.transcript import Transcript


def console_for(stream: TextIO, *, color: bool) -> Console:
    """A console that writes styles if `color`, and nothing but text if not."""
    if color:
        return Console(file=stream, force_terminal=True, highlight=False, markup=False, emoji=False)
    return Console(file=stream, force_terminal=True, color_system=None, highlight=False)


class Painter:
    """Pieces as a terminal wants them."""

    def __init__(self, console: Console, theme: Theme = DARK) -> None:
        self._system = COLOR_SYSTEMS.get(console.color_system or "")
        styles = {name: RichStyle.parse(words) for name, words in theme.text.items()}
        self._styles = {
            name: style.without_color if console.no_color else style for name, style in styles.items()
        }

    def text(self, piece: Piece) -> str:
        # Not `Console.print`: it ends the process by itself when a pipe breaks.
        style = self._styles[piece.style]
        return "\n".join(style.render(text, color_system=self._system) for text in piece.text.split("\n"))


class Pen:
    """Writes pieces to a console, which raises as an Outlet does."""

    def __init__(self, console: Console, theme: Theme = DARK) -> None:
        self._outlet = Outlet(console.file)
        self._painter = Painter(console, theme)

    def write(self, piece: Piece) -> None:
        self._outlet.write(self._painter.text(piece))


class RichListener:
    """Append-only: no cursor movement and no line that is drawn twice, at a flat cost per event."""

    def __init__(self, console: Console, theme: Theme = DARK) -> None:
        self._pen = Pen(console, theme)
        self._transcript = Transcript(lambda: console.width)

    def on(self, event: Event) -> None:
        for piece in self._transcript.tell(event):
            self._pen.write(piece)

    def close(self) -> None:
        with suppress(OSError):
            for piece in self._transcript.close():
                self._pen.write(piece)
