"""What a command is to the REPL, and how it says something."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from r1code.app.desk import Desk
from r1code.control import Control
from r1code.events import Event
from r1code.ui.flow import Flow
from r1code.ui.lines import MARGIN
from r1code.ui.messages import localized
from r1code.ui.piece import Piece
from r1code.ui.repl.worker import Goes

Does = Callable[[Desk, str, Control], Iterator[Event | Piece | Goes]]
"""Of the open session, what stands after the name, and what may cancel it."""


def said(text: str) -> Iterator[Piece]:
    flow = Flow(MARGIN, _width())
    yield Piece(flow.feed(localized(text)) + flow.end())


def _width() -> int | None:
    try:
        return os.get_terminal_size().columns
    except OSError:
        return None
