"""The frame of a turn: however its steps end, the log is whole and the last event says how."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

from r1code.budget import Meter
from r1code.control import Control
from r1code.errors import BudgetExhausted, Cancelled
from r1code.events import Event, TurnEnded, TurnStarted
from r1code.ledger import charges_of, spent
from r1code.session import Ended, Session
from r1code.types import EndReason, Limit, ToolCall

End = tuple[EndReason, str]
Events = Generator[Event, None, None]
Steps = Generator[Event, None, End]


def turn(
    session: Session,
    text: str,
    steps: Callable[[Control], Steps],
    *,
    meter: Meter,
    control: Control,
    interrupted: Callable[[ToolCall], str],
) -> Events:
    """The events of `steps` between TurnStarted and TurnEnded.

    `steps` get a control that ends them also when the budget's time is over. Every logged call has exactly one
    observation when this ends, also when the listener goes away or something fails; `interrupted` says what is
    known of a call that was cut short. Raises what `steps` raises, but Cancelled and BudgetExhausted, which are
    ways to end.
    """
    began, first = time.monotonic(), len(session.entries)
    end: End = ("error", "")
    limit: Limit | None = None
    is_late = False
    try:
        yield TurnStarted(session=session.id, text=text)
        with control.limited(meter.seconds_left) as limited:
            try:
                end = yield from steps(limited)
            finally:
                is_late = limited.cancelled and not control.cancelled
    except Cancelled:
        end = ("cancelled", "stopped by the user")
        if is_late:
            limit = "seconds"
            end = ("budget", f"the budget of {meter.budget.seconds:g} seconds is used up")
    except BudgetExhausted as reached:
        limit, end = reached.limit, ("budget", str(reached))
    finally:
        session.close_dangling(interrupted)
        seconds, usage = time.monotonic() - began, meter.usage
        session.append(
            Ended(reason=end[0], text=end[1], usage=usage, steps=meter.steps, seconds=seconds, limit=limit)
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
