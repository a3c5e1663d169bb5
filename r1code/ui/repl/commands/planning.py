"""Plans."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.desk import Desk
from r1code.control import Control
from r1code.events import Event
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said


def _plan(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    desk.conversation.enter("plan")
    if text:
        yield from desk.conversation.turn(text, control)
    else:
        yield from said("plan mode: nothing is changed until /act, or Shift-Tab")


def _act(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    if not text and desk.conversation.plan_file is None:
        desk.conversation.enter("act")
        yield from said("act mode: what you ask for is done")
        return
    yield from desk.conversation.carry_out(desk.plan(text or None), control)


DOES: dict[str, Does] = {
    "plan": _plan,
    "act": _act,
}
