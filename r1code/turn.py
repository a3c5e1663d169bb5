"""The frame of a turn: however its steps end, the log is whole and the last event says how."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence

from r1code.budget import Meter
from r1code.errors import BudgetExhausted, Cancelled
from r1code.events import Event, Notice, TurnEnded, TurnStarted
from r1code.log import Ended
from r1code.session import Session
from r1code.types import EndReason, ToolCall

End = tuple[EndReason, str]
Events = Generator[Event, None, None]
Steps = Generator[Event, None, End]


def turn(
    session: Session,
    text: str,
    steps: Steps,
    *,
    meter: Meter,
    interrupted: Callable[[ToolCall], str],
    going_on: Callable[[], Sequence[str]] = tuple,
) -> Events:
    """The events of `steps` between TurnStarted and TurnEnded.

    Every logged call has exactly one observation when this ends, also when the listener goes away or
    something fails; `interrupted` says what is known of a call that was cut short, and `going_on` which commands
    still run in the background. Raises what `steps`
    raises, but Cancelled and BudgetExhausted, which are ways to end.
    """
    began = time.monotonic()
    end: End = ("error", "")
    try:
        yield TurnStarted(session=session.id, text=text)
        end = yield from steps
    except Cancelled:
        end = ("cancelled", "stopped by the user")
    except BudgetExhausted as limit:
        end = ("budget", str(limit))
    finally:
        session.close_dangling(interrupted)
        seconds, usage = time.monotonic() - began, meter.usage
        session.append(Ended(reason=end[0], text=end[1], usage=usage, steps=meter.steps, seconds=seconds))
    if names := ", ".join(going_on()):
        yield Notice(
            text=f"still running in the background: {names}; what runs there is stopped with the session"
        )
    yield TurnEnded(reason=end[0], text=end[1], usage=usage, steps=meter.steps, seconds=seconds)
