"""What comments in files do, where those are watched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from r1code.ui.piece import Piece
from r1code.ui.safe import safe_line

if TYPE_CHECKING:
    from r1code.app.desk import Desk
    from r1code.app.watching import Comment
    from r1code.control import Control
    from r1code.events import Event


def answered(desk: Desk, comments: Sequence[Comment], control: Control) -> Iterator[Event | Piece]:
    """A turn about those that a person wrote. Raises as Conversation.turn."""
    from r1code.app.watching import task_of
    from r1code.ui.repl.commands.words import said

    found = [] if desk.watching is None else desk.watching.wanted(comments)
    if not found:
        return
    if desk.workshop.in_place and (names := desk.conversation.going_on):
        # What runs in the work tree itself may have written them.
        yield from said(f"no comment starts a turn while commands of R1's are running: {', '.join(names)}")
        return
    for one in found:
        yield Piece(f"\n> {safe_line(f'{one.path}:{one.line}  {one.text}')}\n", "strong")
    yield from desk.conversation.turn(task_of(found), control)
