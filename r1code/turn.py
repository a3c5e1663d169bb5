"""The frame of a turn: however its steps end, the log is whole and the last event says how."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from r1code.budget import Meter
from r1code.control import Control
from r1code.errors import BudgetExhausted, Cancelled
from r1code.events import Event, Notice, TurnEnded, TurnStarted
from r1code.ledger import charges_of, spent
from r1code.log import Ended
from r1code.session import Session
from r1code.tools.toolset import Toolset
from r1code.types import EndReason, Limit

End = tuple[EndReason, str]
Events = Generator[Event, None, None]
Steps = Generator[Event, None, End]
Follow = Callable[[Events], Events]
_follows: list[Follow] = []


@contextmanager
def following(follow: Follow) -> Generator[None, None, None]:
    """While the block runs, `follow` passes on the events of each turn of this process, in the turn's thread."""
    _follows.append(follow)
    try:
        yield
    finally:
        _follows.remove(follow)


def turn(
    session: Session,
    text: str | None,
    steps: Callable[[Control], Steps],
    *,
    meter: Meter,
    control: Control,
    toolset: Toolset,
) -> Events:
    """The events of `steps` between TurnStarted and TurnEnded. `text`: None where a stopped turn goes on.

    `steps` get a control that ends them also when the budget's time is over. Every logged call has exactly one
    observation when this ends, also when the listener goes away or something fails. Raises what `steps` raises,
    but Cancelled and BudgetExhausted, which are ways to end.
    """
    events = _events(session, text, steps, meter=meter, control=control, toolset=toolset)
    for follow in _follows:
        events = follow(events)
    return events


def _events(
    session: Session,
    text: str | None,
    steps: Callable[[Control], Steps],
    *,
    meter: Meter,
    control: Control,
    toolset: Toolset,
) -> Events:
    began, first = time.monotonic(), len(session.entries)
    end: End = ("error", "")
    limit: Limit | None = None
    is_late = False
    try:
        if text is None:
            session.close_dangling(toolset.interrupted)
            before = session.resumed()
            toolset.knowing(before.known, before.left)
        yield TurnStarted(session=session.id, text=session.task.task if text is None else text)
        with control.limited(meter.seconds_left) as limited:
            try:
                end = yield from steps(limited)
            finally:
                is_late = limited.cancelled and not control.cancelled
    except Cancelled:
        end = ("cancelled", "stopped by the user")
        if is_late:
            late = meter.late()
            limit, end = late.limit, ("budget", str(late))
    except BudgetExhausted as reached:
        limit, end = reached.limit, ("budget", str(reached))
    finally:
        session.close_dangling(toolset.interrupted)
        seconds, usage = time.monotonic() - began, meter.usage
        session.append(
            Ended(
                reason=end[0],
                text=end[1],
                usage=usage,
                steps=meter.steps,
                seconds=seconds,
                limit=limit,
                known=toolset.known,
                left=toolset.left,
            )
        )
    if names := ", ".join(toolset.going_on):
        yield Notice(
            text=f"still running in the background: {names}; what runs there is stopped with the session"
        )
    yield TurnEnded(
        reason=end[0],
        text=end[1],
        usage=usage,
        steps=meter.steps,
        seconds=seconds,
        limit=limit,
        spent=spent(charges_of(session.entries, since=first)),
    )
