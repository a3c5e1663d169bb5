"""Plans."""

from __future__ import annotations

from collections.abc import Iterator

from r1code import prompts
from r1code.app.desk import Desk
from r1code.control import Control
from r1code.events import Event, PlanReady
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said
from r1code.ui.safe import safe_line


def _plan(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    talk, (word, _, why) = desk.conversation, text.partition(" ")
    file = talk.plan_file
    talk.enter("plan")
    if file is not None and word == "no":
        talk.plan_file = None
        talk.progress.drop()
        if why := why.strip():
            yield from talk.turn(prompts.load("plan_no", why=why), control, title=why)
        else:
            yield from said(f"the plan is put aside, and still in {safe_line(file)}; say what you want instead")
    elif text:
        yield from talk.turn(text, control)
    else:
        yield from said("plan mode: nothing is changed until /act, or Shift-Tab")
        if file is not None:
            yield PlanReady(plan=desk.plan(None), file=file)


def _act(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    file = text or desk.conversation.plan_file
    if file is None:
        desk.conversation.enter("act")
        yield from said("act mode: what you ask for is done")
        return
    yield from desk.conversation.carry_out(desk.plan(text or None), control, file)


DOES: dict[str, Does] = {
    "plan": _plan,
    "act": _act,
}
