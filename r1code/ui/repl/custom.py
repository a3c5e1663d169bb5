"""What a command of somebody's own does: its text is said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from r1code.app.custom import Custom
    from r1code.app.desk import Desk
    from r1code.control import Control
    from r1code.events import Event


def performed(desk: Desk, custom: Custom, given: str, control: Control) -> Iterator[Event]:
    """A turn with its text, and `given` in it; its model and mode stay. Raises as Conversation.turn."""
    if custom.profile is not None and custom.profile != desk.model[0]:
        desk.switch(custom.profile)
    if custom.mode is not None:
        desk.conversation.enter(custom.mode)
    yield from desk.conversation.turn(custom.text(given), control)
