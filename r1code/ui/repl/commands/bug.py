"""A report of a fault."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.desk import Desk
from r1code.app.report import keep_report, report
from r1code.control import Control
from r1code.events import Event
from r1code.ui.flow import Flow
from r1code.ui.lines import MARGIN
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said


def _bug(desk: Desk, _: str, __: Control) -> Iterator[Event | Piece]:
    text = report(
        desk.config,
        (desk.model[0], desk.workshop.profile),
        desk.entries,
        desk.errors,
        hide=desk.workshop.vault.hide,
    )
    file = keep_report(text, desk.around.state)
    flow = Flow(MARGIN, None)
    yield Piece(flow.feed(text) + flow.end())
    yield from said(f"written: {file}. It was sent nowhere; read it, and add what happened")


DOES: dict[str, Does] = {"bug": _bug}
