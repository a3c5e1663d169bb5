"""Commands that a person runs between turns: in the sandbox or on this machine, and told to the model or not."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Literal

from msgspec import Struct

from r1code import prompts
from r1code.app.workshop import Workshop
from r1code.control import Control
from r1code.dialects.writing import render_observation
from r1code.errors import UsageError
from r1code.events import CommandOutput, Event
from r1code.profiles.room import room_of
from r1code.profiles.tokenizers import tokenizer_of
from r1code.repair.conversation import Conversation
from r1code.sandbox.base import Limits
from r1code.sandbox.host import own_shell
from r1code.tools.run import describe, output
from r1code.tools.truncation import LEAST, Measure, clean, clip
from r1code.types import ExecResult, ToolCall

MOST = 10
"""Commands whose output is kept, to be told."""
_SHOWN = 2_000
"""Characters of what is printed at once that are passed on: a screen shows no more of it."""

Where = Literal["in the sandbox", "on this machine"]


class Ran(Struct, frozen=True, kw_only=True):
    command: str
    where: Where
    result: ExecResult


class Runs:
    """Of one session. Methods raise R1CodeError and Cancelled."""

    def __init__(
        self, workshop: Workshop, conversation: Conversation, agrees: Callable[[str, Control], bool]
    ) -> None:
        """`agrees`: asks a person whether a command is to run on this machine."""
        self._workshop = workshop
        self._conversation = conversation
        self._agrees = agrees
        self._last: deque[Ran] = deque(maxlen=MOST)

    def inside(self, command: str, control: Control) -> Generator[Event, None, Ran]:
        """Where commands of the model run."""
        where: Where = "on this machine" if self._workshop.in_place else "in the sandbox"
        return self._kept(command, where, (yield from self._conversation.run(command, control)))

    def outside(self, command: str, control: Control) -> Generator[Event, None, Ran | None]:
        """On this machine, in the person's own shell. None: they did not agree.

        What it changes is like what they change in another window: no undo takes it back, and the model is told.
        """
        if not self._agrees(command, control):
            return None
        running = own_shell(command, self._workshop.tree.root, control, Limits())
        return self._kept(command, "on this machine", (yield from _thinned(output(running, "!!"))))

    def tell(self, count: int, working: int | None) -> list[Ran]:
        """The last `count` of them go to the model with the next message. Raises UsageError: nothing ran.

        `working`: the working context that a person set.
        """
        if not self._last:
            raise UsageError(
                "there is nothing to tell", why="no command of yours ran yet", hint="!COMMAND runs one"
            )
        chosen = list(self._last)[-count:]
        profile = self._workshop.profile
        most = max(LEAST, room_of(profile, working).observation // len(chosen))
        measure = tokenizer_of(profile).count
        texts = [told(one, most, measure, self._workshop.vault.hide) for one in chosen]
        self._conversation.tell("\n\n".join(texts))
        return chosen

    def _kept(self, command: str, where: Where, result: ExecResult) -> Ran:
        ran = Ran(command=command, where=where, result=result)
        self._last.append(ran)
        return ran


def told(ran: Ran, most: int, measure: Measure, hide: Callable[[str], str]) -> str:
    """What the model is told: the output in at most `most`, as data that no output can end."""
    # Before it is cut: half a secret is not recognised.
    text = clip(hide(clean(ran.result.output)).rstrip("\n"), most, measure).text
    call = ToolCall(id="", name="run", arguments={})
    shown = render_observation(call, f"{text}\n{describe(ran.result)}".lstrip("\n"))
    return prompts.load("ran", command=hide(clean(ran.command)), where=ran.where, shown=shown)


def _thinned(events: Generator[Event, None, ExecResult]) -> Generator[Event, None, ExecResult]:
    """What floods is passed on in part: the queue to the screen has no bound."""
    try:
        while True:
            event = next(events)
            if isinstance(event, CommandOutput):
                event = CommandOutput(call_id=event.call_id, text=event.text[-_SHOWN:])
            yield event
    except StopIteration as stop:
        result: ExecResult = stop.value
        return result
    finally:
        events.close()
