"""A question on the side: asked with the history that there is, and no part of it."""

from __future__ import annotations

from collections.abc import Generator

from r1code.account import Account
from r1code.budget import Meter
from r1code.context import Model
from r1code.control import Control
from r1code.errors import Cancelled
from r1code.events import Event, ReplyReceived, StepStarted
from r1code.log import Aside
from r1code.session import Session
from r1code.tools.truncation import clean
from r1code.types import Message, Reply


def asked_aside(
    session: Session, model: Model, question: str, control: Control, *, meter: Meter
) -> Generator[Event, None, Reply]:
    """What the model says; nothing of it is done. It is logged, and counts.

    Raises R1CodeError, Cancelled, and BudgetExhausted.
    """
    account = Account(session, meter)
    step = account.begin_step()
    yield StepStarted(step=step)
    # What comes before is what the server knows already.
    history = (*session.history(), Message(role="user", text=clean(question)))
    with control.limited(meter.seconds_left) as limited:
        try:
            reply = yield from model.ask(history, account, limited)
        except Cancelled as late:
            control.check()
            raise meter.late() from late
    session.append(Aside(question=question, reply=reply))
    yield ReplyReceived(step=step, usage=reply.usage, seconds=account.seconds, spent=account.spent)
    return reply
