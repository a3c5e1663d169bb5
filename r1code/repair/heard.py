"""How the last turn among events ended."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import TypeVar

from r1code.events import Event, TurnEnded
from r1code.types import EndReason, Limit

Result = TypeVar("Result")


class Heard:
    """Lets events pass, and remembers how the last turn among them ended."""

    def __init__(self) -> None:
        self.reason: EndReason | None = None
        self.limit: Limit | None = None
        self.answer = ""
        """What it ended with."""

    def pass_on(self, events: Generator[Event, None, Result]) -> Generator[Event, None, Result]:
        """The same events, and what they return."""
        with closing(events):
            while True:
                try:
                    event = next(events)
                except StopIteration as stop:
                    result: Result = stop.value
                    return result
                if isinstance(event, TurnEnded):
                    self.reason, self.limit, self.answer = event.reason, event.limit, event.text
                yield event
