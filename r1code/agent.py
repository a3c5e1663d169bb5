"""The loop: ask, parse, act, observe, until the turn ends. And nothing else."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from typing import Literal

from r1code import prompts
from r1code.account import Account
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
from r1code.log import Called, Observed, Replied, Resumed, Said
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
        self.model = model
        self.toolset = toolset
        self._approvals = approvals
        self.compaction = compaction
        self._headless = headless

    def turn(self, said: Said | None, meter: Meter, control: Control, parent: int | None = None) -> Events:
        """One user message until the agent stops; None: the rest of the turn that was stopped last.

        The last event is TurnEnded; every logged call has exactly one observation by then. `parent`: see
        Session.append. Raises R1CodeError when the backend, the sandbox or the state fails.
        """
        self._session.append(said or Resumed(), parent=parent)
        return turn(
            self._session,
            None if said is None else said.text,
            partial(self._steps, Account(self._session, meter)),
            meter=meter,
            control=control,
            toolset=self.toolset,
        )

    def _steps(self, account: Account, control: Control) -> Steps:
        circles, before = Circles(), self._session.resumed()
        malformed, nudged, warned = before.malformed, before.nudged, before.warned
        while True:
            yield from brief(self._session, self.toolset.touched())
            for said in control.steered():
                self._session.append(Said(text=said, origin="steer"))
            reply = yield from self._ask(account, control)
            try:
                parsed = self.model.parse(reply, self._session.next_call())
                self.toolset.refuse_unknown(parsed.calls)
            except FormatError as error:
                yield self._tell("rejected", error=str(error))
                malformed += 1
                if account.gives_up(malformed):
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
            evidence = circles.observe(parsed.calls, observations, self.toolset.state())
            if evidence is not None:
                if warned:
                    return "stuck", evidence
                warned = True
                yield self._tell("stuck", evidence=evidence)

    def _ask(self, account: Account, control: Control) -> Generator[Event, None, Reply]:
        control.check()
        if told := self.toolset.announcement():
            self._session.append(Said(text=told, origin="mode"))
        step = account.begin_step()
        yield from self.compaction.fit(account, control)
        yield StepStarted(step=step)
        try:
            reply = yield from self.model.ask(self._session.history(), account, control)
        except ContextOverflow as overflow:
            if not (yield from self.compaction.overflowed(overflow)):
                raise
            reply = yield from self.model.ask(self._session.history(), account, control)
        self._session.append(Replied.of(reply))
        yield ReplyReceived(step=step, usage=reply.usage, seconds=account.seconds, spent=account.spent)
        return reply

    def _act(self, calls: Sequence[ToolCall], control: Control) -> Generator[Event, None, list[Observation]]:
        observations: list[Observation] = []
        broken = False
        for batch in self.toolset.batches(calls):
            for call in batch:
                self._session.append(Called(call=call))
                yield CallStarted(call=call)
            effect = self.toolset.effect(batch[0])
            refusal = self.toolset.refusal(effect, broken=broken)
            permit = Permit(refusal=refusal) if refusal else self._approvals.check(batch, effect, control)
            if permit.refusal is None:
                found = permit.told((yield from self.toolset.run(permit.calls, control)))
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
