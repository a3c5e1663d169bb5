"""From one session to another."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.desk import Desk
from r1code.control import Control
from r1code.errors import UsageError
from r1code.events import Event
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said
from r1code.ui.repl.worker import Goes


def _resume(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece | Goes]:
    session = desk.other(text)
    if session == desk.session:
        yield from said("this is that session")
    else:
        yield Goes(session, desk.session)


def _fork(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece | Goes]:
    if text and not text.isdecimal():
        raise UsageError(
            f"/fork {text} cannot be used",
            why="it takes the number of a step, or nothing",
            hint=f"`r1code sessions show {desk.session}` in a shell numbers them",
        )
    session = desk.fork(int(text) if text else None)
    yield from said(f"{session} is a fork of {desk.session}, which stays as it is; your files do, too")
    yield Goes(session, desk.session)


DOES: dict[str, Does] = {
    "resume": _resume,
    "fork": _fork,
}
