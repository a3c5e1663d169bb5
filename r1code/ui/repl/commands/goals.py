"""Work that goes on by itself, and questions beside it."""

from __future__ import annotations

from collections.abc import Iterator

from r1code import prompts
from r1code.app.desk import Desk
from r1code.control import Control
from r1code.dialects.text import read_again
from r1code.errors import BudgetExhausted, UsageError
from r1code.events import Event
from r1code.repair.goal import ROUNDS, Goal
from r1code.ui.lines import MARGIN, line
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does

_MOST_ROUNDS = 50


def _goal(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    first, _, rest = text.partition(" ")
    rounds, goal = (int(first), rest) if first.isdecimal() and rest.strip() else (ROUNDS, text)
    goal = goal.strip()
    if len(goal) > 1 and goal[0] == goal[-1] and goal[0] in "\"'":
        goal = goal[1:-1].strip()
    if not goal or not 1 <= rounds <= _MOST_ROUNDS:
        raise UsageError(
            "/goal needs a goal" if not goal else f"/goal cannot take {rounds} turns",
            why=f"it works turn after turn until that is reached, at most {_MOST_ROUNDS}",
            hint='/goal tests pass, or /goal 8 "the parser reads comments"',
        )
    desk.conversation.enter("act")
    yield from Goal(desk.conversation, goal, rounds).pursue(control)


def _btw(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    if not text:
        raise UsageError("/btw needs a question", why="it asks one", hint="/btw what does total() return?")
    try:
        reply = yield from desk.conversation.aside(prompts.load("btw", question=text), control)
    except BudgetExhausted as over:
        raise UsageError(
            "the question got no answer", why=str(over), hint="raise that limit, or ask something shorter"
        ) from over
    read = read_again(reply.text)
    if reply.raw_calls or read is None or read.calls:
        yield line(f"{MARGIN}nothing of it was done: it was a question", "warn")
    yield line(f"{MARGIN}R1 does not keep this in mind; /cost counts it", "dim")


DOES: dict[str, Does] = {
    "goal": _goal,
    "btw": _btw,
}
