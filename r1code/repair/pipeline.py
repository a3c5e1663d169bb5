"""The pipeline: r1code finds the places, the model edits them, the tests decide.

For models that lose themselves in a loop. Each question shows one failing test, what it said, and the code
that it reaches, and asks to correct one definition, in a conversation of its own. After each answer all tests
run. What fixes a test and breaks none is kept; the rest is taken back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence

import msgspec
from msgspec import Struct

from r1code import prompts
from r1code.account import Account
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
from r1code.log import Called, Observed, Replied, Said
from r1code.repair.holes import Hole, in_turn, lines_as_holes, statements_as_holes
from r1code.repair.places import Suspect, failure_of, passages, source_of_test, suspects, text_of, twins
from r1code.repair.pool import Change, Pool, weight_of
from r1code.repair.rank import Executed, Weights, ranked, weights
from r1code.repair.verdict import failing, is_better, is_same
from r1code.repo.symbols import code_of, heads
from r1code.sandbox.base import Sandbox
from r1code.sandbox.runners import run_tests, summary
from r1code.sandbox.runners.trace import Trace, trace_tests
from r1code.session import Session
from r1code.tools.toolset import Toolset
from r1code.tools.truncation import clean, clip
from r1code.tree.snapshot import Snapshot
from r1code.tree.worktree import WorkTree
from r1code.turn import Events, Steps, turn
from r1code.types import Arguments, Observation, Reply, TestReport, ToolCall

MOST_SUSPECTS = 10
MOST_HOLES = 30
MOST_ANSWERS = 6
"""To one question at one visit."""
MOST_ASKED = 3
"""Definitions that a model which fills holes is asked for as a whole, at one visit."""
MOST_SOURCE = 4_000
MOST_FAILURE = 1_500
MOST_SHOWN = 2
LINE_WARMTH = 0.8
STATEMENT_WARMTH = 1.0
_STATEMENTS, _DEFINITIONS = 1, 3
"""Which of four visits asks for what; the others ask for lines."""


_Attempt = Generator[Event, None, TestReport | None]
_Shown = tuple[str, Generator[Event, None, Reply]]
"""A question as text, and the asking of it."""


class Bench(Struct, frozen=True, kw_only=True):
    """What the pipeline works with: a tree, where its tests run, and how they are called."""

    tree: WorkTree
    sandbox: Sandbox
    toolset: Toolset
    command: str
    prompt: int
    """Tokens that a question may have, all in all."""


class Bounds(Struct, frozen=True):
    """What ends a turn."""

    account: Account
    control: Control


class Known(Struct, frozen=True, kw_only=True):
    """What the tests say of the tree as it is, and the states of the tree that need not be tested again."""

    report: TestReport
    trace: Trace
    tried: set[str]
    fills: set[tuple[str, str, str]]
    """Paths, names and texts of the definitions that were filled."""
    pool: Pool = msgspec.field(default_factory=Pool)
    pairs: list[tuple[Change, Change]] = msgspec.field(default_factory=list[tuple[Change, Change]])
    """What is to be tried before anything else is asked."""


class _Visit(Struct, frozen=True, kw_only=True):
    """A failing test, how often it was visited before, and what it reaches, likeliest first."""

    known: Known
    target: str
    rounds: int
    found: Sequence[Suspect]
    executed: Executed
    weights: Weights


class Pipeline:
    def __init__(self, session: Session, model: Model, bench: Bench) -> None:
        self._session = session
        self._model = model
        self._tree = bench.tree
        self._sandbox = bench.sandbox
        self._toolset = bench.toolset
        self._command = bench.command
        self._prompt = bench.prompt

    def turn(self, report: TestReport, meter: Meter, control: Control) -> Events:
        """Works on the failures of `report` until none is left or a limit is reached.

        The last event is TurnEnded; the tree then holds what was kept. Raises R1CodeError.
        """
        text = f"repair {len(failing(report))} failing tests"
        account = Account(self._session, meter)
        return turn(
            self._session,
            text,
            lambda limited: self._attempts(report, Bounds(account, limited)),
            meter=meter,
            control=control,
            toolset=self._toolset,
        )

    def _attempts(self, report: TestReport, bounds: Bounds) -> Steps:
        good = self._tree.snapshot()
        trace = yield from self._trace(bounds.control)
        known = Known(report=report, trace=trace, tried={self._toolset.state()}, fills=set())
        targets = deque((name, 0) for name in failing(report))
        hopeless = 0
        while targets:
            target, rounds = targets.popleft()
            targets.append((target, rounds + 1))
            visit = self._visit(target, rounds, known)
            hopeless = 0 if visit.found else hopeless + 1
            if hopeless == len(targets):
                return "gave_up", "the failing tests reach no code of the project"
            for attempt in self._with_pairs(self._asked(visit, bounds), known, bounds):
                better = yield from self._taken_back(attempt, good)
                if better is not None:
                    good = self._tree.snapshot()
                    yield Notice(text=f"kept: {summary(better)}")
                    targets = deque((name, 0) for name in failing(better))
                    trace = (yield from self._trace(bounds.control)) if targets else {}
                    known = Known(report=better, trace=trace, tried=known.tried, fills=known.fills)
                    break
        return "done", "no test fails any more"

    def _visit(self, target: str, rounds: int, known: Known) -> _Visit:
        failure = failure_of(known.report, target)
        found = suspects(self._tree, target, failure)
        executed = {path: dict(lines) for path, lines in known.trace.get(target, {}).items()}
        weighed = weights(found, f"{target} {source_of_test(self._tree, target)} {failure}")
        best = ranked(found, executed, weighed)[:MOST_SUSPECTS]
        return _Visit(known=known, target=target, rounds=rounds, found=best, executed=executed, weights=weighed)

    def _asked(self, visit: _Visit, bounds: Bounds) -> Iterator[_Attempt]:
        """What is asked at a visit; at the first, for every line the likeliest answer before others."""
        if not self._model.can_fill:
            return self._definitions(visit, visit.found, bounds)
        if visit.rounds % 4 == _DEFINITIONS:
            return self._definitions(visit, visit.found[:MOST_ASKED], bounds)
        statements = visit.rounds % 4 == _STATEMENTS
        made = (statements_as_holes if statements else lines_as_holes)(self._tree, visit.found)
        # Each time the likeliest get most, and the search goes further down.
        depth, least = 1 + visit.rounds // 2, int(visit.rounds == 0)
        asked: list[tuple[Hole, float]] = []
        for place, hole in enumerate(in_turn(made, visit.executed)[:MOST_HOLES]):
            answers = max(MOST_ANSWERS - place // depth, least)
            warmths = [STATEMENT_WARMTH if statements else LINE_WARMTH] * answers
            asked += [(hole, warmth) for warmth in ([0.0, *warmths[1:]] if visit.rounds == 0 else warmths)]
        return self._holes(visit, asked, bounds)

    def _holes(self, visit: _Visit, asked: Sequence[tuple[Hole, float]], bounds: Bounds) -> Iterator[_Attempt]:
        # The same for all of them, so that it is read once; the test stands nearest, for it says most.
        shown = [*self._heads(visit.found), self._test_file(visit.target)]
        for hole, warmth in asked:
            before, after = hole.window(MOST_SOURCE)
            question = clean(self._model.hole(shown, hole.suspect.path, before, after))
            asking = self._model.fill(question, warmth, bounds.account, bounds.control, lines=hole.is_statement)
            yield self._filled(visit, hole, (question, asking), bounds)

    def _definitions(self, visit: _Visit, found: Sequence[Suspect], bounds: Bounds) -> Iterator[_Attempt]:
        """Questions for whole definitions, one after the other."""
        for suspect in found:
            yield self._attempt(self._question(visit, suspect), visit.known, bounds)

    def _with_pairs(self, attempts: Iterator[_Attempt], known: Known, bounds: Bounds) -> Iterator[_Attempt]:
        """After each attempt what it brought about: its change together with earlier ones."""
        for attempt in attempts:
            yield attempt
            while known.pairs:
                yield self._pair(known.pairs.pop(0), known, bounds)

    def _pair(self, pair: tuple[Change, Change], known: Known, bounds: Bounds) -> _Attempt:
        return (yield from self._judged(self._calls([change.arguments for change in pair]), known, bounds))

    def _heads(self, found: Sequence[Suspect]) -> list[tuple[str, str]]:
        """Paths of the suspects' files, and what these offer."""
        texts = ((path, heads(text_of(self._tree, path) or "")) for path in sorted({one.path for one in found}))
        return [(path, text) for path, text in texts if text]

    def _test_file(self, target: str) -> tuple[str, str]:
        """Path and text of the file of a test; of the test alone where the file is long."""
        path = target.partition("::")[0]
        text = text_of(self._tree, path) or ""
        return path, text if len(text) <= MOST_SOURCE else source_of_test(self._tree, target)

    def _filled(self, visit: _Visit, hole: Hole, shown: _Shown, bounds: Bounds) -> _Attempt:
        question, asking = shown
        self._session.append(Said(text=question, origin="task"), parent=self._session.path()[0].id)
        reply = yield from self._ask(asking, bounds)
        content = hole.filled(reply.text)
        fill = (hole.suspect.path, hole.suspect.name, code_of(content or ""))
        if content is None or fill in visit.known.fills:
            return None
        visit.known.fills.add(fill)
        change = Change(
            path=hole.suspect.path,
            name=hole.suspect.name,
            content=content,
            weight=weight_of(hole.suspect.text, content, visit.weights),
        )
        return (yield from self._judged(self._calls([change.arguments]), visit.known, bounds, change))

    def _calls(self, arguments: Sequence[Arguments]) -> list[ToolCall]:
        first = self._session.next_call()
        return [
            ToolCall(id=f"c{first + number}", name="replace", arguments=one)
            for number, one in enumerate(arguments)
        ]

    def _taken_back(
        self, attempt: Generator[Event, None, TestReport | None], good: Snapshot
    ) -> Generator[Event, None, TestReport | None]:
        """Runs an attempt; unless it made things better, the tree is as it was when this ends."""
        better: TestReport | None = None
        try:
            better = yield from attempt
        finally:
            if better is None:
                self._tree.apply(self._tree.snapshot().diff(good), "taken back")
        return better

    def _question(self, visit: _Visit, suspect: Suspect) -> str:
        # What changes between the questions about one test stands last, so that they share their prefix.
        task = prompts.load(
            "repair_task",
            source=source_of_test(self._tree, visit.target),
            failure=clip(failure_of(visit.known.report, visit.target), MOST_FAILURE).text,
            files=passages(visit.found, MOST_SOURCE),
            suspect=suspect,
        )
        return clean(task)

    def _attempt(self, question: str, known: Known, bounds: Bounds) -> Generator[Event, None, TestReport | None]:
        """The report after a change that fixed something and broke nothing; None: there was none."""
        # A conversation of its own: its parent is the first entry.
        self._session.append(Said(text=question, origin="task"), parent=self._session.path()[0].id)
        calls = yield from self._calls_asked(bounds)
        return None if calls is None else (yield from self._judged(calls, known, bounds))

    def _calls_asked(self, bounds: Bounds) -> Generator[Event, None, tuple[ToolCall, ...] | None]:
        """What the model asks for after what is said so far; None: its reply could not be read."""
        asking = self._model.ask(self._session.history(), bounds.account, bounds.control)
        reply = yield from self._ask(asking, bounds)
        try:
            parsed = self._model.parse(reply, self._session.next_call())
            self._toolset.refuse_unknown(parsed.calls)
        except FormatError as error:
            yield ReplyRejected(text=str(error))
            return None
        return parsed.calls

    def _judged(
        self, calls: Sequence[ToolCall], known: Known, bounds: Bounds, change: Change | None = None
    ) -> Generator[Event, None, TestReport | None]:
        """Makes the changes and runs the tests; the report, if things are better now.

        `change`, what the calls do, joins the pool if it makes no difference.
        """
        again = [
            {**call.arguments, "path": path}
            for call in calls
            for path in twins(self._tree, call.arguments["path"], call.arguments["content"])
        ]
        after = yield from self._try(calls, known, bounds)
        if change is not None and after is not None and is_same(known.report, after):
            known.pairs.extend(known.pool.add(change))
        if after is not None and not is_better(known.report, after) and again:
            names = ", ".join(one["path"] for one in again)
            yield Notice(text=f"the same definition stands in {names}: changing it there, too")
            after = yield from self._try(self._calls(again), known, bounds)
        return after if after is not None and is_better(known.report, after) else None

    def _try(
        self, calls: Sequence[ToolCall], known: Known, bounds: Bounds
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

    def _ask(self, asked: Generator[Event, None, Reply], bounds: Bounds) -> Generator[Event, None, Reply]:
        bounds.control.check()
        step, account = bounds.account.begin_step(), bounds.account
        yield StepStarted(step=step)
        reply = yield from asked
        self._session.append(Replied.of(reply))
        yield ReplyReceived(step=step, usage=reply.usage, seconds=account.seconds, spent=account.spent)
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

    def _trace(self, control: Control) -> Generator[Event, None, Trace]:
        yield Notice(text="looking which lines the failing tests execute")
        self._sandbox.start(control)
        self._sandbox.sync(self._tree.snapshot(), control)
        running = trace_tests(self._sandbox, self._command, control)
        try:
            while True:
                next(running)
        except StopIteration as stop:
            trace: Trace = stop.value
            return trace
        finally:
            running.close()

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
