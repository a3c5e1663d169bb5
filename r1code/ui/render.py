"""The transcript in a terminal: styles on top of the same words, printed once and never again."""

from __future__ import annotations

from contextlib import suppress
from typing import TextIO

from rich.console import Console
from rich.text import Text

from r1code.events import Event
from r1code.ui.outlet import Outlet
from r1code.ui.piece import Piece, Style
from r1code.ui.transcript import Transcript

_STYLES: dict[Style, str] = {
    "plain": "",
    "dim": "dim",
    "strong": "bold",
    "good": "green",
    "bad": "red",
    "warn": "yellow",
    "added": "green",
    "removed": "red",
    "hunk": "cyan",
}


def console_for(stream: TextIO, *, color: bool) -> Console:
    """A console that writes styles if `color`, and nothing but text if not."""
    if color:
        return Console(file=stream, force_terminal=True, highlight=False, markup=False, emoji=False)
    return Console(file=stream, force_terminal=True, color_system=None, highlight=False)


class RichListener:
    """Append-only: no cursor movement and no line that is drawn twice, at a flat cost per event."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._outlet = Outlet(console.file)  # type: ignore[arg-type]
        self._transcript = Transcript(lambda: console.width)

    def on(self, event: Event) -> None:
        for piece in self._transcript.tell(event):
            self._print(piece)

    def close(self) -> None:
        with suppress(OSError):
            for piece in self._transcript.close():
                self._print(piece)

    def _print(self, piece: Piece) -> None:
        # Captured, because a console ends the process by itself when a pipe breaks.
        with self._console.capture() as captured:
            self._console.print(Text(piece.text, _STYLES[piece.style]), end="", soft_wrap=True)
        self._outlet.write(captured.get())
