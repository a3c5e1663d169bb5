"""The loop: ask, parse, act, observe, until the turn ends. And nothing else."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from typing import Literal

from r1code import prompts
from r1code.approval import Approvals, Permit
from r1code.briefing import brief
from r1code.budget import Meter
from r1code.compaction import Compaction
from r1code.context import Model
from r1code.control import Control
from r1code.errors import ContextOverflow, FormatError
from r1code.events import (
    CallFinished,
    CallStarted,
    Event,
    ReplyReceived,
    ReplyRejected,
    StepStarted,
)
from r1code.log import Called, Observed, Replied, Said
from r1code.session import Session
from r1code.stuck import Circles
from r1code.tools.toolset import Toolset
from r1code.turn import Events, Steps, turn
from r1code.types import Observation, Reply, ToolCall


class Agent:
    """`headless`: nobody reads along, so a reply without action or ending is nudged once, not an answer."""

    def __init__(
        self,
        session: Session,
        model: Model,
        toolset: Toolset,
        approvals: Approvals,
        *,
        compaction: Compaction,
        headless: bool,
    ) -> None:
        self._session = session
        self._model = model
        self._toolset = toolset
        self._approvals = approvals
        self._compaction = compaction
        self._headless = headless

    def turn(self, said: Said, meter: Meter, control: Control, parent: int | None = None) -> Events:
        """One user message until the agent stops; the last event is TurnEnded. `parent`: see Session.append.

        However it ends, every logged call has exactly one observation. Raises R1CodeError when the backend,
        the sandbox or the state fails.
        """
        self._session.append(said, parent=parent)
        return turn(
            self._session,
            said.text,
            self._steps(meter, control),
            meter=meter,
            interrupted=self._toolset.interrupted,
            going_on=lambda: self._toolset.going_on,
        )

    def _steps(self, meter: Meter, control: Control) -> Steps:
        circles, malformed = Circles(), 0
        nudged = warned = False
        while True:
            yield from brief(self._session, self._toolset.touched())
            for said in control.steered():
                self._session.append(Said(text=said, origin="steer"))
            reply = yield from self._ask(meter, control)
            try:
                parsed = self._model.parse(reply, self._session.next_call())
                self._toolset.refuse_unknown(parsed.calls)
            except FormatError as error:
                yield self._tell("rejected", error=str(error))
                malformed += 1
                if meter.budget.format_errors is not None and malformed > meter.budget.format_errors:
                    return "format", str(error)
                continue
            malformed = 0
            observations = yield from self._act(parsed.calls, control)
            # An ending counts only if all that was sent with it succeeded.
            if parsed.ending.kind != "none" and all(seen.status == "ok" for seen in observations):
                return parsed.ending.kind, parsed.ending.text
            if not parsed.calls:
                if not self._headless or nudged:
                    return ("gave_up" if self._headless else "answered"), parsed.prose
                nudged = True
                yield self._tell("nudge")
                continue
            nudged = False
            evidence = circles.observe(parsed.calls, observations, self._toolset.state())
            if evidence is not None:
                if warned:
                    return "stuck", evidence
                warned = True
                yield self._tell("stuck", evidence=evidence)

    def _ask(self, meter: Meter, control: Control) -> Generator[Event, None, Reply]:
        control.check()
        if told := self._toolset.announcement():
            self._session.append(Said(text=told, origin="mode"))
        yield from self._compaction.fit(meter, control)
        step, began = meter.reserve_step(), time.monotonic()
        yield StepStarted(step=step)
        try:
            reply = yield from self._model.ask(self._session.history(), control, meter.reasoning_left)
        except ContextOverflow as overflow:
            if not (yield from self._compaction.overflowed(overflow)):
                raise
            reply = yield from self._model.ask(self._session.history(), control, meter.reasoning_left)
        meter.add(reply.usage, reply.thought)
        self._session.append(Replied.of(reply))
        yield ReplyReceived(step=step, usage=reply.usage, seconds=time.monotonic() - began)
        return reply

    def _act(self, calls: Sequence[ToolCall], control: Control) -> Generator[Event, None, list[Observation]]:
        observations: list[Observation] = []
        broken = False
        for batch in self._toolset.batches(calls):
            for call in batch:
                self._session.append(Called(call=call))
                yield CallStarted(call=call)
            effect = self._toolset.effect(batch[0])
            refusal = self._toolset.refusal(effect, broken=broken)
            permit = Permit(refusal=refusal) if refusal else self._approvals.check(batch, effect, control)
            if permit.refusal is None:
                found = permit.told((yield from self._toolset.run(permit.calls, control)))
            else:
                why = permit.refusal
                found = tuple(Observation(call_id=call.id, status="refused", text=why) for call in batch)
            for call, observation in zip(batch, found, strict=True):
                self._session.append(Observed(observation=observation))
                yield CallFinished(name=call.name, observation=observation)
            broken |= effect == "write" and any(seen.status != "ok" for seen in found)
            observations += found
        return observations

    def _tell(self, name: Literal["rejected", "nudge", "stuck"], **variables: str) -> ReplyRejected:
        """Answers a reply with words of ours."""
        text = prompts.load(name, **variables)
        self._session.append(Said(text=text, origin=name))
        return ReplyRejected(text=text)
