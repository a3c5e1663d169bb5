"""Pinned files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from r1code.app.desk import Desk
from r1code.control import Control
from r1code.errors import UsageError
from r1code.events import Event
from r1code.ui.lines import MARGIN, line
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said
from r1code.ui.safe import safe_line

_STATES = {
    "told": "the model knows it",
    "fresh": "goes with your next message",
    "gone": "cannot be read",
}


def pinned(desk: Desk) -> Iterator[Piece]:
    """Each pinned file, and whether the model knows it."""
    for pin in desk.pinned:
        yield line(f"{MARGIN}pinned  {safe_line(pin.path)} ({_STATES[pin.state]})", "dim")


def _add(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    if not text:
        raise UsageError("/add needs a file", why="it pins one", hint="/add src/app.py, or /add src/*.py")
    if not desk.pins.add(_words(text)):
        yield from said("that is pinned already")
    yield from pinned(desk)


def _drop(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    if text:
        for path in desk.pins.drop(_words(text)):
            yield line(f"{MARGIN}let go  {safe_line(path)}", "dim")
    elif not desk.pins.paths:
        yield from said("no file is pinned; /add FILE pins one")
    yield from pinned(desk)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{text} is no list of files", why=str(error), hint="close the quotes") from error


DOES: dict[str, Does] = {
    "add": _add,
    "drop": _drop,
}
