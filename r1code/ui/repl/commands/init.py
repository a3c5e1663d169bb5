"""AGENTS.md."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.desk import Desk
from r1code.app.drafting import drafted
from r1code.app.initial import NAME, Initial
from r1code.control import Control
from r1code.errors import BudgetExhausted
from r1code.events import Event
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said


def _init(desk: Desk, _: str, control: Control) -> Iterator[Event | Piece]:
    around, workshop = desk.around, desk.workshop
    hide = workshop.vault.hide
    initial = Initial(
        around.git, around.state, hide=hide, room=desk.room, measure=desk.measure, tree=workshop.tree
    )
    try:
        patch = yield from drafted(initial, desk.config, control, hide=hide, say=around.say)
    except BudgetExhausted as reached:
        yield from said(f"{NAME} stays as it is: {reached}")
        return
    if not patch:
        yield from said(f"{NAME} stays as it is")
    elif around.ask(f"Write {NAME}?", hide(workshop.unified(patch)), {"y": "yes", "n": "no"}, control) == "y":
        yield from initial.write(patch, control)
        yield from said(f"written: {NAME}; the model is told from the next start on, /undo takes it back")
    else:
        yield from said(f"{NAME} was not written")


DOES: dict[str, Does] = {"init": _init}
