"""A conversation: turn after turn in the person's own tree, with one sandbox, one history and one mode."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, nullcontext

from msgspec import Struct
from msgspec.structs import replace

from r1code import prompts
from r1code.account import Account
from r1code.budget import Meter
from r1code.control import Control
from r1code.errors import Cancelled, StateError, UsageError
from r1code.events import (
    ChecklistChanged,
    Event,
    Notice,
    PatchReady,
    PlanReady,
    ReplyReceived,
    StepStarted,
    TextDelta,
    TextWasReasoning,
    TurnEnded,
)
from r1code.log import Said, Switched, Tested
from r1code.plan import parse, render
from r1code.repair.ahead import Ahead
from r1code.repair.aside import asked_aside
from r1code.repair.first_message import first_message
from r1code.repair.next_message import broken_message, next_message
from r1code.repair.parts import Parts
from r1code.repair.progress import Progress, last_notes
from r1code.repair.proof import Claim, Proof
from r1code.repair.questions import Asks, choices
from r1code.repair.verdict import problem
from r1code.session import Session
from r1code.tools.run import output
from r1code.tools.truncation import clean, clip
from r1code.tree.patch import Patch
from r1code.tree.snapshot import Snapshot
from r1code.turn import Events
from r1code.types import AgentMode, EndReason, ExecResult, Part, Plan, Reply, TestReport, Verdict

_MOST_PARTIAL = 4_000
"""Characters of an interrupted reply that the model is shown again."""


AfterTurn = Callable[[EndReason, Verdict | None], Iterable[Event]]
"""What a turn that changed files ends with: told why it ended, and the verdict, if there is one."""
_Judged = tuple[Verdict, TestReport]


class Terms(Struct, kw_only=True):
    """What a person may change between turns."""

    command: str | None
    """Runs the tests; None: nobody knows how."""
    found: bool
    """Nobody named the command: the repository's files show it."""
    autotest: int = 2
    """How often in a turn the model is told what its changes broke, and goes on."""


class Conversation:
    """Of one session. One turn at a time, each a generator of events that ends with its verdict, if any."""

    def __init__(
        self,
        parts: Parts,
        session: Session,
        terms: Terms,
        *,
        meter: Callable[[], Meter],
        seed: int | None,
        after: AfterTurn | None = None,
    ) -> None:
        self.terms = terms
        self.plan_file: str | None = None
        """Where the last plan is that was made here, and that is not carried out yet."""
        self.asks: Asks | None = None
        """Asks a person what the model wants to know; None: they answer with their next message."""
        self.progress = Progress()
        self.role: Part = "actor"
        self.meter = meter
        self.enclosed: list[Callable[[], Iterable[str]]] = []
        """What goes with each task, besides what it mentions."""
        self._parts = parts
        self._session = session
        self._seed = seed
        self._after = after
        self._sandbox = parts.sandbox(parts.tree.root)
        self._agent = parts.agent(parts.tree, self._sandbox, None, protect=False, seed=seed)
        self._proof = Proof(parts, session)
        self._ahead = Ahead(self._proof)
        self._left: Snapshot | None = None
        """The tree as the last turn left it."""
        self._since: Snapshot | None = None
        """The tree before the last turn that changed something."""
        self._besides: list[str] = []
        """What goes to the model with the next message, after it."""

    @property
    def mode(self) -> AgentMode:
        return self._agent.toolset.mode

    @property
    def instructions(self) -> str:
        """What every request begins with."""
        return self._agent.model.instructions

    @property
    def notes(self) -> list[str]:
        """What the model wanted to remember: no compaction takes it away."""
        return self._agent.compaction.notes()

    @property
    def sandbox(self) -> str:
        """Where its commands run, in words for a person; final once one has run."""
        return self._sandbox.kind

    @property
    def going_on(self) -> tuple[str, ...]:
        """The commands that run in the background."""
        return tuple(self._agent.toolset.going_on)

    def enter(self, mode: AgentMode) -> None:
        """From the next step on; the model is told."""
        self._agent.toolset.enter(mode)

    def tell(self, text: str) -> None:
        """Shows the model this with the next message."""
        if text not in self._besides:
            self._besides.append(text)

    def went(self) -> None:
        """After an undo, a redo or a rewind: what it took back is to be done again."""
        timeline = self._parts.tree.timeline
        positions = {timeline.root, *(move.id for move in timeline.path(timeline.at))}
        self.plan_file = self.progress.went(positions) or self.plan_file

    def refuse_going_on(self) -> None:
        """Raises UsageError where another agent would lose sight of commands in the background."""
        if names := self._agent.toolset.going_on:
            raise UsageError(
                "the model cannot be changed now",
                why=f"commands run in the background: {', '.join(names)}",
                hint="ask for them to be stopped, then try again",
            )

    def renew(self) -> None:
        """Goes on with another agent: the history, what is known and the mode stay."""
        old = self._agent
        self._agent = self._parts.agent(
            self._parts.tree, self._sandbox, None, protect=False, seed=self._seed, role=self.role
        )
        self._agent.toolset.knowing(old.toolset.known, old.toolset.left)
        self._agent.toolset.enter(old.toolset.mode)
        self._name_speaker()

    def _take_roles(self) -> None:
        """Of two, the planner answers in plan mode, and else the actor. Raises as `refuse_going_on`."""
        role: Part = "planner" if self.mode == "plan" and self._parts.planner is not None else "actor"
        if role != self.role:
            self.refuse_going_on()
            self.role = role
            self.renew()
            # Whoever comes next has the same history, with what was said in it of the mode.
            self._agent.toolset.told("act" if role == "planner" else "plan")
        self._name_speaker()

    def _name_speaker(self) -> None:
        now = Switched(profile=self._parts.speaker(self.role), role=self.role)
        if now != self._session.speaking():
            self._session.append(now)

    def warm(self, control: Control) -> None:
        """Starts the sandbox, and the tests on the tree as it is: both take a while. Raises SandboxError."""
        if not self._sandbox.in_place:
            self._sandbox.start(control)
            self._begin_tests(self._parts.tree.snapshot())

    def turn(self, text: str, control: Control, *, title: str = "", meter: Meter | None = None) -> Events:
        """What a person says, until the model stops; with a test command what it changed gets a verdict.

        `title`: of the task in lists, in place of its text. `meter`: what it counts against, if it is a part of
        something larger. Raises R1CodeError. A cancel ends it in order.
        """
        self.progress.begin()
        mentions = self._parts.mentioned(title or text, control)
        yield from self._given((title or text, text, mentions), meter or self.meter(), control)

    def carry_out(self, plan: Plan, control: Control, file: str | None = None) -> Events:
        """A turn that does what a plan says, which a person may have changed; `file` is ticked off."""
        self.enter("act")
        self.progress.carry_out(plan, file)
        yield ChecklistChanged(points=plan.points)
        text = clean(prompts.load("planned", plan=render(plan, numbered=True), files=[]))
        text = f"{text}\n\n{prompts.load('ticks')}"
        yield from self._given((f"Carry out the plan: {plan.goal}", text, ""), self.meter(), control)
        points = self.progress.points
        if not self.progress.is_open and file == self.plan_file:
            self.plan_file = None
        yield Notice(text=f"{sum(one.done for one in points)} of {len(points)} steps of the plan are done")

    def aside(self, question: str, control: Control, meter: Meter | None = None) -> Generator[Event, None, Reply]:
        """What the model says to a question that it knows nothing of later. Nothing that it says is done.

        It is logged, and counts. Raises R1CodeError, Cancelled, and BudgetExhausted.
        """
        model = self._agent.model
        return (yield from asked_aside(self._session, model, question, control, meter=meter or self.meter()))

    def question(self, title: str, text: str, control: Control) -> Events:
        """A turn in plan mode about `text`, words of ours; the mode is then what it was."""
        before = self.mode
        self.enter("plan")
        try:
            yield from self._given((title, text, ""), self.meter(), control)
        finally:
            self.enter(before)

    def verify(self, control: Control) -> Events:
        """Judges again what the last turn with changes did, with what was changed since. Raises as `turn`."""
        base = self._since
        patch = Patch(()) if base is None else base.diff(self._parts.tree.snapshot()).without_new_folders()
        if base is None or not patch or self.terms.command is None:
            unknown = "no test command is known; /test COMMAND names one"
            why = unknown if self.terms.command is None else "nothing was changed in this conversation"
            yield Notice(text=f"there is nothing to verify: {why}")
            return
        yield from self._judged(base, patch, control)

    def run(self, command: str, control: Control) -> Generator[Event, None, ExecResult]:
        """A command that a person runs in the sandbox; what it changes comes back. Raises as `turn`."""
        tree, sandbox = self._parts.tree, self._sandbox
        sandbox.start(control)
        sandbox.sync(tree.snapshot(), control)
        with tree.watched(f"run {command}") if sandbox.in_place else nullcontext():
            result = yield from output(sandbox.run(command, control), "!")
        if not sandbox.in_place:
            tree.apply(sandbox.changes(control), f"run {command}")
        return result

    def test(self, control: Control) -> Generator[Event, None, TestReport | None]:
        """The tests on the tree as it is, in a fresh sandbox. None: nobody knows how."""
        if self.terms.command is None:
            return None
        return (yield from self._ahead.result(self._parts.tree.snapshot(), self.terms.command, control))

    def compact(self, control: Control) -> Events:
        """Makes the model's history shorter now."""
        account = Account(self._session, self.meter())
        account.begin_step()
        done = yield from self._agent.compaction.compact(account, control)
        if not done:
            yield Notice(text="the conversation is as short as it gets")

    def close(self) -> None:
        """Safe to call again; raises nothing."""
        self._ahead.close()
        self._sandbox.close()

    def _given(self, task: tuple[str, str, str], meter: Meter, control: Control) -> Events:
        """A task: what lists of sessions call it, its text, its mentions. The first is told with the project."""
        title, text, mentions = task
        self._take_roles()
        base = self._parts.tree.snapshot()
        mentions = "\n\n".join(filter(None, (mentions, *(text for more in self.enclosed for text in more()))))
        is_first = not any(isinstance(entry.item, Said) for entry in self._session.path())
        self._parts.given(title, mentions, base)
        if is_first:
            opened = replace(self._session.opened, mentions=mentions)
            message = first_message(self._parts, opened, text, control)
        else:
            news = "" if self._left is None else self._parts.news(self._left, base, control)
            message = "\n\n".join(filter(None, (news, next_message(self._parts.tree, self._session, text))))
        message = "\n\n".join((message, *self._besides))
        self._besides.clear()
        yield from self._turns(base, Said(text=message, origin="task"), meter, control)

    def _turns(self, base: Snapshot, said: Said, meter: Meter, control: Control) -> Events:
        since = time.time()
        self._begin_tests(base)
        for again in range(self.terms.autotest + 1):
            reason, text = yield from self._answered(said, meter, control)
            patch = self._parts.tree.changed(base, since).without(self._is_plan)
            self._left = self._parts.tree.snapshot()
            if reason == "plan":
                yield from self._planned(text)
            if not patch:
                return
            self._since = base
            yield PatchReady(diff=self._parts.unified(patch), files=patch.files)
            if self.terms.command is None or reason == "cancelled":
                yield from self._ended(reason, None)
                return
            try:
                judged = yield from self._judged(base, patch, control)
            except Cancelled:
                yield Notice(text="the tests were stopped: there is no verdict", level="warning")
                yield from self._ended("cancelled", None)
                return
            if judged is None or not judged[0].broken or reason == "budget" or again == self.terms.autotest:
                yield from self._ended(reason, judged and judged[0])
                return
            yield Notice(text=f"the model is told what broke ({again + 1} of {self.terms.autotest})")
            said = Said(text=broken_message(*judged), origin="tests")

    def _ended(self, reason: EndReason, verdict: Verdict | None) -> Events:
        if self._after is not None:
            yield from self._after(reason, verdict)

    def _is_plan(self, path: str) -> bool:
        return self.progress.is_file(self._parts.tree.root, path)

    def _answered(
        self, said: Said, meter: Meter, control: Control
    ) -> Generator[Event, None, tuple[EndReason, str]]:
        """A turn of the agent, which goes on with each answer that a person chooses."""
        while True:
            reason, text = yield from self._heard(said, meter, control)
            asked = choices(text)
            if reason != "question" or self.asks is None or not asked.answers:
                return reason, text
            try:
                answer = self.asks(asked, control)
            except Cancelled:
                return reason, text
            if not answer.strip():
                return reason, text
            said = Said(text=clean(answer), origin="steer")

    def _heard(self, said: Said, meter: Meter, control: Control) -> Generator[Event, None, tuple[EndReason, str]]:
        """One turn of the agent. What it had said of a reply that was interrupted, it is shown again later."""
        partial: list[str] = []
        replied = False
        ended: tuple[EndReason, str] = ("error", "")
        with closing(self._agent.turn(said, meter, control)) as events:
            for event in events:
                if isinstance(event, StepStarted | TurnEnded) and replied:
                    replied = False
                    yield from self._noted()
                if isinstance(event, StepStarted | TextWasReasoning):
                    partial.clear()
                elif isinstance(event, TextDelta):
                    partial.append(event.text)
                elif isinstance(event, TurnEnded):
                    ended = event.reason, event.text
                elif isinstance(event, ReplyReceived):
                    replied = True
                yield event
        if ended[0] == "cancelled":
            shown = clip(clean("".join(partial)).strip(), _MOST_PARTIAL).text
            self._session.append(Said(text=prompts.load("interrupted", partial=shown), origin="interrupted"))
        return ended

    def _noted(self) -> Events:
        """After a step: what it says of the checklist."""
        notes, succeeded = last_notes(self._session, self._agent.model)
        for note in notes:
            try:
                at = self._parts.tree.timeline.at
                ticked = self.progress.noted(note, succeeded=succeeded, at=at)
            except StateError as error:
                yield Notice(text=f"{error.what}: {error.why}", level="warning")
                continue
            if ticked is not None:
                yield ChecklistChanged(points=self.progress.points, ticked=ticked)

    def _planned(self, text: str) -> Events:
        plan = parse(clean(text)) if text.strip() else None
        if plan is not None:
            self.progress.drop()
            self.plan_file = self._parts.keep_plan(plan)
            yield PlanReady(plan=plan, file=self.plan_file)

    def _begin_tests(self, tree: Snapshot) -> None:
        # Nothing runs unasked on this machine itself.
        if self.terms.command is not None and not self._sandbox.in_place:
            self._ahead.begin(tree, self.terms.command)

    def _judged(self, base: Snapshot, patch: Patch, control: Control) -> Generator[Event, None, _Judged | None]:
        command = self.terms.command or ""
        before = yield from self._ahead.result(base, command, control)
        self._session.append(Tested(command=command, report=before))
        trouble = problem(before, base.entries)
        if self.terms.found and trouble is not None and trouble[0] == "cannot_reproduce":
            yield Notice(text=f"no verdict: {trouble[1]}; /test names another command, /test off none")
            return None
        claim = Claim(base=base, patch=patch, before=before, protect=False, repairs=False)
        verdict, after = yield from self._proof.verdict(claim, command, control)
        self._ahead.know(base.with_patch(patch), command, after)
        return verdict, after
