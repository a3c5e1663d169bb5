"""Two roles: a planner that only looks and makes a plan, and an actor that carries it out.

Each has a conversation of its own in the session's log, both from where the task was given. The actor gets the
task, the plan and the files that it names; of the planner's reasoning and of what it saw, the actor gets nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

from msgspec import Struct
from msgspec.structs import replace

from r1code import prompts
from r1code.agent import Agent
from r1code.budget import Meter
from r1code.control import Control
from r1code.events import Event, Notice, PlanReady, RoleStarted, TurnEnded
from r1code.log import Called, Observed, Planned, Said, Switched
from r1code.plan import parse, render
from r1code.repair.parts import Parts
from r1code.repair.places import text_of
from r1code.repair.stopped import switch
from r1code.sandbox.base import Sandbox
from r1code.session import Session
from r1code.tools.truncation import clean, clip
from r1code.tree.worktree import WorkTree
from r1code.turn import Events
from r1code.types import EndReason, Part, Plan, TestReport

MOST_PLANS = 3
"""For one task, the first included."""
SHARE = 4
"""The first plan may take one in so many of the steps."""
MOST_SHOWN = 24_000
"""Characters of named files that the actor is shown, all together."""
MOST_OBSERVATIONS = 6
MOST_OBSERVED = 1_500
"""Characters of each."""
_LOST: frozenset[EndReason] = frozenset({"stuck", "gave_up"})


class Work(Struct, frozen=True, kw_only=True):
    """What is to be done, and where."""

    task: str
    """The first message of both roles."""
    tree: WorkTree
    sandbox: Sandbox
    before: TestReport | None = None
    protect: bool
    seed: int | None
    plan: Plan | None = None
    """What a person wants carried out."""


class Roles:
    def __init__(self, parts: Parts, session: Session, meter: Meter, work: Work) -> None:
        self._parts = parts
        self._session = session
        self._meter = meter
        self._work = work
        self._task = Said(text=work.task, origin="task")
        self._planner: Agent | None = None
        self._planned_at: int | None = None
        """Where the planner's conversation goes on."""
        self._ended: tuple[EndReason, str] = ("error", "")

    def plan(self, control: Control) -> Generator[Event, None, Plan | None]:
        """The planner's conversation. None: it ended in another way. Raises R1CodeError."""
        yield self._start("planner")
        self._planner = self._agent("planner")
        switched = self._session.append(
            Switched(profile=self._parts.speaker("planner"), role="planner"), parent=self._session.begun.id
        )
        turn = self._planner.turn(self._task, self._meter, control, switched.id)
        return (yield from self._made(turn))

    def work(self, control: Control) -> Events:
        """Does the task: after a plan, where there is a planner or a person gave one. Raises R1CodeError."""
        plan, by_person = self._work.plan, self._work.plan is not None
        plans = 0
        if plan is None and self._parts.planner is not None:
            plan, plans = (yield from self._first_plan(control)), 1
            if self._ended[0] == "cancelled" or (self._ended[0] == "budget" and self._meter.exhausted):
                return
            yield self._start("actor")
        first = self._first()
        if plan is None:
            yield from self._heard(self._agent("actor").turn(self._task, self._meter, control, first))
            return
        # What is made in all rounds is one turn of the timeline: it hangs on this message.
        task = self._session.append(self._task, parent=first)
        while True:
            planned = self._session.append(
                Planned(plan=plan, by="person" if by_person else "model"), parent=task.id
            )
            turn = self._agent("actor").turn(self._handed(plan), self._meter, control, planned.id)
            yield from self._heard(turn)
            if self._planner is None or self._ended[0] not in _LOST or plans == MOST_PLANS:
                return
            lost = self._ended
            again = yield from self._again(self._planner, control)
            if again is None:
                # How the actor ended is how it ended.
                self._ended = lost
                return
            plan, plans = again, plans + 1
            yield self._start("actor")

    def resume(self, control: Control) -> Events:
        """Goes on with the conversation that was stopped last. Raises R1CodeError."""
        if self._session.role == "planner":
            plan = yield from self.replan(control)
            if plan is None:
                return
            yield PlanReady(plan=plan, file=None)
            yield self._start("actor")
            self._work = replace(self._work, plan=plan)
            yield from self.work(control)
            return
        switch(self._session, self._parts.speaker("actor"))
        yield from self._heard(self._agent("actor").turn(None, self._meter, control))

    def replan(self, control: Control) -> Generator[Event, None, Plan | None]:
        """As `plan`, where that was stopped. Raises R1CodeError."""
        yield self._start("planner")
        self._planner = self._agent("planner")
        return (yield from self._made(self._planner.turn(None, self._meter, control)))

    def _first(self) -> int:
        """Where the actor's conversations begin."""
        first, actor = self._session.begun.id, Switched(profile=self._parts.speaker("actor"))
        if actor == self._session.speaking(first):
            return first
        return self._session.append(actor, parent=first).id

    def _first_plan(self, control: Control) -> Generator[Event, None, Plan | None]:
        self._meter.share(1, SHARE)
        plan = yield from self.plan(control)
        self._meter.share(1, 1)
        if plan is None and self._ended[0] != "cancelled" and not self._meter.exhausted:
            yield Notice(text=f"there is no plan ({self._ended[0]}): going on without one", level="warning")
        elif plan is not None:
            yield PlanReady(plan=plan, file=None)
        return plan

    def _again(self, planner: Agent, control: Control) -> Generator[Event, None, Plan | None]:
        """Another plan, from the planner that is told what came of the last one."""
        text = prompts.load(
            "plan_failed",
            reason=self._ended[0].replace("_", " "),
            evidence=clip(clean(self._ended[1]), MOST_OBSERVED).text,
            observations=self._observed(),
        )
        yield self._start("planner")
        turn = planner.turn(Said(text=text, origin="handed"), self._meter, control, self._planned_at)
        plan = yield from self._made(turn)
        if plan is not None:
            yield PlanReady(plan=plan, file=None)
        return plan

    def _made(self, turn: Events) -> Generator[Event, None, Plan | None]:
        yield from self._heard(turn)
        self._planned_at = self._session.head
        reason, text = self._ended
        return parse(clean(text)) if reason == "plan" and text.strip() else None

    def _heard(self, turn: Events) -> Events:
        with closing(turn):
            for event in turn:
                if isinstance(event, TurnEnded):
                    self._ended = event.reason, event.text
                yield event

    def _start(self, role: Part) -> RoleStarted:
        return RoleStarted(role=role, profile=self._parts.speaker(role))

    def _agent(self, role: Part) -> Agent:
        work = self._work
        return self._parts.agent(
            work.tree, work.sandbox, work.before, protect=work.protect, seed=work.seed, role=role
        )

    def _handed(self, plan: Plan) -> Said:
        """The plan for the actor, with the files that it names as they are now."""
        files: list[tuple[str, str]] = []
        left = MOST_SHOWN
        for path in plan.files:
            text = text_of(self._work.tree, path)
            if text is not None and len(text) <= left:
                files.append((path, text))
                left -= len(text)
        text = prompts.load("planned", plan=render(plan, numbered=True), files=files)
        return Said(text=clean(text), origin="handed")

    def _observed(self) -> list[str]:
        """What the last calls of the actor came to, in order."""
        names: dict[str, str] = {}
        found: list[str] = []
        for entry in self._session.path():
            if isinstance(entry.item, Called):
                path = entry.item.call.arguments.get("path")
                names[entry.item.call.id] = f"{entry.item.call.name} {path}" if path else entry.item.call.name
            elif isinstance(entry.item, Observed):
                seen = entry.item.observation
                found.append(f"{names[seen.call_id]} ({seen.status}):\n{clip(seen.text, MOST_OBSERVED).text}")
        return found[-MOST_OBSERVATIONS:]
