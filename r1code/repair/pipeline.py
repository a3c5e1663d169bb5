"""The pipeline: r1code finds the places, the model edits them, the tests decide.

For models that lose themselves in a loop. Each question shows one failing test, what it said, and the code
that it reaches, and asks to correct one definition, in a conversation of its own. After each answer all tests
run. What fixes a test and breaks none is kept; the rest is taken back.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence

import msgspec
from msgspec import Struct

from r1code import prompts
from r1code.budget import Meter
from r1code.context import Model
from r1code.control import Control
from r1code.errors import FormatError
from r1code.events import (
    CallFinished,
    CallStarted,
    CommandOutput,
    Event,
    Notice,
    ReplyReceived,
    ReplyRejected,
    StepStarted,
)
from r1code.repair.holes import Hole, holes
from r1code.repair.places import Suspect, failure_of, passages, source_of_test, suspects, text_of, twins
from r1code.repair.verdict import failing
from r1code.sandbox.base import Sandbox
from r1code.sandbox.runners import run_tests, summary
from r1code.session import Called, Observed, Replied, Said, Session
from r1code.tools.toolset import Toolset
from r1code.tools.truncation import clean, clip
from r1code.tree.snapshot import Snapshot
from r1code.tree.worktree import WorkTree
from r1code.turn import Events, Steps, turn
from r1code.types import Observation, Reply, TestReport, ToolCall

MOST_SUSPECTS = 10
MOST_HOLES = 30
FILLS = 5
WARM = 0.8
_ASKS = 2
"""Of three visits to a failing test, the one that asks for whole definitions; the others fill holes."""
MOST_SOURCE = 4_000
MOST_FAILURE = 1_500
MOST_SHOWN = 2


_Attempt = Generator[Event, None, TestReport | None]
_Shown = tuple[str, Generator[Event, None, Reply]]
"""A question as text, and the asking of it."""


class Bench(Struct, frozen=True, kw_only=True):
    """What the pipeline works with: a tree, where its tests run, and how they are called."""

    tree: WorkTree
    sandbox: Sandbox
    toolset: Toolset
    command: str


class _Bounds(Struct, frozen=True):
    """What ends a turn."""

    meter: Meter
    control: Control


class _Known(Struct, frozen=True):
    """What the tests say of the tree as it is, and the states of the tree that need not be tested again."""

    report: TestReport
    tried: set[str]
    fills: set[tuple[str, str]] = msgspec.field(default_factory=set)
    """What was put into holes, by file."""


class _Visit(Struct, frozen=True):
    """A failing test, how often it was visited before, and what it reaches."""

    target: str
    rounds: int
    found: Sequence[Suspect]


class Pipeline:
    def __init__(self, session: Session, model: Model, bench: Bench) -> None:
        self._session = session
        self._model = model
        self._tree = bench.tree
        self._sandbox = bench.sandbox
        self._toolset = bench.toolset
        self._command = bench.command

    def turn(self, report: TestReport, meter: Meter, control: Control) -> Events:
        """Works on the failures of `report` until none is left or a limit is reached.

        The last event is TurnEnded; the tree then holds what was kept. Raises R1CodeError.
        """
        text = f"repair {len(failing(report))} failing tests"
        steps = self._attempts(report, _Bounds(meter, control))
        return turn(self._session, text, steps, meter=meter, interrupted=self._toolset.interrupted)

    def _attempts(self, report: TestReport, bounds: _Bounds) -> Steps:
        good, known = self._tree.snapshot(), _Known(report, {self._toolset.state()})
        targets = deque((name, 0) for name in failing(report))
        hopeless = 0
        while targets:
            target, rounds = targets.popleft()
            targets.append((target, rounds + 1))
            found = suspects(self._tree, target, failure_of(known.report, target))[:MOST_SUSPECTS]
            hopeless = 0 if found else hopeless + 1
            if hopeless == len(targets):
                return "gave_up", "the failing tests reach no code of the project"
            visit = self._definitions if not self._model.can_fill or rounds % 3 == _ASKS else self._lines
            for attempt in visit(_Visit(target, rounds, found), known, bounds):
                better = yield from self._taken_back(attempt, good)
                if better is not None:
                    known, good = _Known(better, known.tried, known.fills), self._tree.snapshot()
                    targets = deque((name, 0) for name in failing(better))
                    yield Notice(text=f"kept: {summary(better)}")
                    break
        return "done", "no test fails any more"

    def _lines(self, visit: _Visit, known: _Known, bounds: _Bounds) -> Iterator[_Attempt]:
        """Holes to be filled: at the first visit the likeliest answer for every line, then other answers."""
        temperature, answers = (WARM, FILLS) if visit.rounds else (0.0, 1)
        for hole in holes(self._tree, visit.found)[:MOST_HOLES]:
            shown = [self._test_file(visit.target)]
            question = clean(self._model.hole(shown, hole.suspect.path, hole.before, hole.after))
            for _ in range(answers):
                asked = self._model.fill(question, temperature, bounds.control)
                yield self._filled(hole, (question, asked), known, bounds)

    def _definitions(self, visit: _Visit, known: _Known, bounds: _Bounds) -> Iterator[_Attempt]:
        """Questions for whole definitions, one after the other."""
        for suspect in visit.found:
            question = self._question(visit.target, known.report, visit.found, suspect)
            yield self._attempt(question, known, bounds)

    def _test_file(self, target: str) -> tuple[str, str]:
        """Path and text of the file of a test; of the test alone where the file is long."""
        path = target.partition("::")[0]
        text = text_of(self._tree, path) or ""
        return path, text if len(text) <= MOST_SOURCE else source_of_test(self._tree, target)

    def _filled(self, hole: Hole, shown: _Shown, known: _Known, bounds: _Bounds) -> _Attempt:
        question, asked = shown
        self._session.append(Said(text=question, origin="task"), parent=self._session.path()[0].id)
        reply = yield from self._ask(asked, bounds)
        content = hole.filled(reply.text)
        if content is None or (hole.suspect.path, content) in known.fills:
            return None
        known.fills.add((hole.suspect.path, content))
        arguments = {"path": hole.suspect.path, "content": content}
        call = ToolCall(id=f"c{self._session.next_call()}", name="replace", arguments=arguments)
        return (yield from self._judged((call,), known, bounds))

    def _taken_back(
        self, attempt: Generator[Event, None, TestReport | None], good: Snapshot
    ) -> Generator[Event, None, TestReport | None]:
        """Runs an attempt; unless it made things better, the tree is as it was when this ends."""
        better: TestReport | None = None
        try:
            better = yield from attempt
        finally:
            if better is None:
                self._tree.apply(self._tree.snapshot().diff(good))
        return better

    def _question(self, target: str, report: TestReport, found: Sequence[Suspect], suspect: Suspect) -> str:
        # What changes between the questions about one test stands last, so that they share their prefix.
        task = prompts.load(
            "repair_task",
            source=source_of_test(self._tree, target),
            failure=clip(failure_of(report, target), MOST_FAILURE).text,
            files=passages(found, MOST_SOURCE),
            suspect=suspect,
        )
        return clean(task)

    def _attempt(
        self, question: str, known: _Known, bounds: _Bounds
    ) -> Generator[Event, None, TestReport | None]:
        """The report after a change that fixed something and broke nothing; None: there was none."""
        # A conversation of its own: its parent is the first entry.
        self._session.append(Said(text=question, origin="task"), parent=self._session.path()[0].id)
        reply = yield from self._ask(self._model.ask(self._session.history(), bounds.control), bounds)
        try:
            parsed = self._model.parse(reply, self._session.next_call())
            self._toolset.refuse_unknown(parsed.calls)
        except FormatError as error:
            yield ReplyRejected(text=str(error))
            return None
        return (yield from self._judged(parsed.calls, known, bounds))

    def _judged(
        self, calls: Sequence[ToolCall], known: _Known, bounds: _Bounds
    ) -> Generator[Event, None, TestReport | None]:
        """Makes the changes and runs the tests; the report, if things are better now."""
        again = [
            (call, path)
            for call in calls
            for path in twins(self._tree, call.arguments["path"], call.arguments["content"])
        ]
        after = yield from self._try(calls, known, bounds)
        if after is not None and not is_better(known.report, after) and again:
            names = ", ".join(path for _, path in again)
            yield Notice(text=f"the same definition stands in {names}: changing it there, too")
            first = self._session.next_call()
            copies = [
                ToolCall(id=f"c{first + number}", name=call.name, arguments={**call.arguments, "path": path})
                for number, (call, path) in enumerate(again)
            ]
            after = yield from self._try(copies, known, bounds)
        return after if after is not None and is_better(known.report, after) else None

    def _try(
        self, calls: Sequence[ToolCall], known: _Known, bounds: _Bounds
    ) -> Generator[Event, None, TestReport | None]:
        """The report of the tests with the changes made; None: they could not be made, or are known."""
        if not calls or not (yield from self._change(calls, bounds.control)):
            return None
        state = self._toolset.state()
        if state in known.tried:
            yield Notice(text="this was tried before")
            return None
        known.tried.add(state)
        return (yield from self._test(known.report, bounds.control))

    def _ask(self, asked: Generator[Event, None, Reply], bounds: _Bounds) -> Generator[Event, None, Reply]:
        bounds.control.check()
        step, began = bounds.meter.reserve_step(), time.monotonic()
        yield StepStarted(step=step)
        reply = yield from asked
        bounds.meter.add(reply.usage)
        self._session.append(
            Replied(text=reply.text, reasoning=reply.reasoning, finish=reply.finish, usage=reply.usage)
        )
        yield ReplyReceived(step=step, usage=reply.usage, seconds=time.monotonic() - began)
        return reply

    def _change(self, calls: Sequence[ToolCall], control: Control) -> Generator[Event, None, bool]:
        """Makes the changes of a reply, all or none; whether they were made."""
        for call in calls:
            self._session.append(Called(call=call))
            yield CallStarted(call=call)
        observations: tuple[Observation, ...] = ()
        for batch in self._toolset.batches(calls):
            observations += yield from self._toolset.run(batch, control)
        for call, observation in zip(calls, observations, strict=True):
            self._session.append(Observed(observation=observation))
            yield CallFinished(name=call.name, observation=observation)
        return all(seen.status == "ok" for seen in observations)

    def _test(self, before: TestReport, control: Control) -> Generator[Event, None, TestReport]:
        call = ToolCall(id=f"c{self._session.next_call()}", name="test", arguments={})
        self._session.append(Called(call=call))
        yield CallStarted(call=call)
        self._sandbox.start(control)
        self._sandbox.sync(self._tree.snapshot(), control)
        running = run_tests(self._sandbox, self._command, control)
        try:
            while True:
                yield CommandOutput(call_id=call.id, text=next(running))
        except StopIteration as stop:
            report: TestReport = stop.value
        finally:
            running.close()
        observation = Observation(
            call_id=call.id,
            status="ok" if report.exit_code == 0 else "failed",
            text="\n\n".join([summary(report), *_failures(before, report)]),
            display=summary(report),
        )
        self._session.append(Observed(observation=observation))
        yield CallFinished(name="test", observation=observation)
        return report


def _failures(before: TestReport, after: TestReport) -> list[str]:
    """What a few failing tests say: what the change broke tells more than what it left."""
    known = set(failing(before))
    ordered = sorted(failing(after), key=lambda name: name in known)
    return [
        clip(f"{name}:\n{failure_of(after, name)}", MOST_FAILURE // MOST_SHOWN).text
        for name in ordered[:MOST_SHOWN]
    ]


def is_better(before: TestReport, after: TestReport) -> bool:
    """Whether something that failed passes now, and nothing that passed does not."""
    if after.timed_out or after.structured != before.structured:
        return False
    passed = set(after.passed)
    progress = any(name in passed for name in before.failed) or len(after.uncollected) < len(before.uncollected)
    return progress and set(before.passed) <= passed
