"""The pipeline: r1code finds the places, the model edits them, the tests decide.

For models that lose themselves in a loop. Each question shows one failing test, what it said, and the code
that it reaches, and asks to correct one definition, in a conversation of its own. After each answer all tests
run. What fixes a test and breaks none is kept; the rest is taken back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing

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
    Event,
    Notice,
    ReplyReceived,
    ReplyRejected,
    StepStarted,
)
from r1code.log import Adopted, Called, Observed, Replied, Resumed, Tried
from r1code.repair.bench import Bench, Bounds, Known
from r1code.repair.holes import Hole, in_turn, lines_as_holes, statements_as_holes
from r1code.repair.places import Suspect, failure_of, passages, source_of_test, suspects, text_of, twins
from r1code.repair.pool import Change, weight_of
from r1code.repair.rank import Executed, Weights, ranked, weights
from r1code.repair.relay import shown, unshown
from r1code.repair.track import Track, record_of
from r1code.repair.verdict import failing, is_better, is_same
from r1code.repo.symbols import code_of, heads
from r1code.sandbox.runners import run_tests, summary
from r1code.sandbox.runners.trace import Trace, trace_tests
from r1code.session import Session
from r1code.symptoms.places import hints
from r1code.tools.truncation import clean, clip
from r1code.tree.snapshot import Snapshot
from r1code.turn import End, Events, Steps, turn
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


Attempt = Generator[Event, None, TestReport | None]
"""The report after a change that fixed something and broke nothing; None: there was none."""
_Shown = tuple[str, Generator[Event, None, Reply]]
"""A question as text, and the asking of it."""


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
        self._hints = hints(session.opened.symptoms, bench.tree.paths())
        self._track = Track(session)

    def turn(self, report: TestReport, meter: Meter, control: Control, *, goes_on: bool = False) -> Events:
        """Works on the failures of `report` until none is left or a limit is reached.

        `goes_on`: the session's pipeline, which was stopped, on a tree as it was before its first change. The
        last event is TurnEnded; the tree then holds what was kept. Raises R1CodeError.
        """
        text = None
        if goes_on:
            self._session.close_dangling(self._toolset.interrupted)
            record = record_of(self._session.entries) or []
            self._session.append(Resumed(), parent=record[-1].id if record else None)
            self._track = Track(self._session, record)
            self._model.after(sum(isinstance(entry.item, Replied) for entry in record))
        else:
            self._session.append(Adopted(strategy="pipeline"))
            text = f"repair {len(failing(report))} failing tests"
        account = Account(self._session, meter)
        return turn(
            self._session,
            text,
            lambda limited: self._unseen(self._attempts(report, Bounds(account, limited))),
            meter=meter,
            control=control,
            toolset=self._toolset,
        )

    def _unseen(self, steps: Steps) -> Steps:
        """The events of what is done now; those of what is followed were seen then."""
        with closing(steps):
            while True:
                try:
                    event = next(steps)
                except StopIteration as stop:
                    end: End = stop.value
                    return end
                if self._track.ahead is None:
                    yield event

    def _attempts(self, report: TestReport, bounds: Bounds) -> Steps:
        if not failing(report):
            return "gave_up", "no test fails yet"
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
        found = suspects(self._tree, target, f"{failure}\n{self._hints}")
        executed = {path: dict(lines) for path, lines in known.trace.get(target, {}).items()}
        weighed = weights(found, f"{target} {source_of_test(self._tree, target)} {failure}")
        best = ranked(found, executed, weighed)[:MOST_SUSPECTS]
        return _Visit(known=known, target=target, rounds=rounds, found=best, executed=executed, weights=weighed)

    def _asked(self, visit: _Visit, bounds: Bounds) -> Iterator[Attempt]:
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

    def _holes(self, visit: _Visit, asked: Sequence[tuple[Hole, float]], bounds: Bounds) -> Iterator[Attempt]:
        # The same for all of them, so that it is read once; the test stands nearest, for it says most.
        shown = [*self._heads(visit.found), self._test_file(visit.target)]
        for hole, warmth in asked:
            before, after = hole.window(MOST_SOURCE)
            question = clean(self._model.hole(shown, hole.suspect.path, before, after))
            asking = self._model.fill(question, warmth, bounds.account, bounds.control, lines=hole.is_statement)
            yield self._filled(visit, hole, (question, asking), bounds)

    def _definitions(self, visit: _Visit, found: Sequence[Suspect], bounds: Bounds) -> Iterator[Attempt]:
        """Questions for whole definitions, one after the other."""
        for suspect in found:
            yield self._attempt(self._question(visit, suspect), visit.known, bounds)

    def _with_pairs(self, attempts: Iterator[Attempt], known: Known, bounds: Bounds) -> Iterator[Attempt]:
        """After each attempt what it brought about: its change together with earlier ones."""
        for attempt in attempts:
            yield attempt
            while known.pairs:
                yield self._pair(known.pairs.pop(0), known, bounds)

    def _pair(self, pair: tuple[Change, Change], known: Known, bounds: Bounds) -> Attempt:
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

    def _filled(self, visit: _Visit, hole: Hole, shown: _Shown, bounds: Bounds) -> Attempt:
        question, asking = shown
        yield from self._begin(question)
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
        first = self._track.next_call()
        return [
            ToolCall(id=f"c{first + number}", name="replace", arguments=one)
            for number, one in enumerate(arguments)
        ]

    def _taken_back(self, attempt: Attempt, good: Snapshot) -> Attempt:
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

    def _attempt(self, question: str, known: Known, bounds: Bounds) -> Attempt:
        yield from self._begin(question)
        calls = yield from self._calls_asked(bounds)
        return None if calls is None else (yield from self._judged(calls, known, bounds))

    def _begin(self, question: str) -> Generator[Event, None, None]:
        """A conversation."""
        if not self._track.ask(question):
            yield Notice(
                text="the session took another way from here on than now: its answers are asked for again",
                level="warning",
            )

    def _calls_asked(self, bounds: Bounds) -> Generator[Event, None, tuple[ToolCall, ...] | None]:
        """What the model asks for after what is said so far; None: its reply could not be read."""
        asking = self._model.ask(self._session.history(), bounds.account, bounds.control)
        reply = yield from self._ask(asking, bounds)
        try:
            parsed = self._model.parse(reply, self._track.next_call())
            self._toolset.refuse_unknown(parsed.calls)
        except FormatError as error:
            yield ReplyRejected(text=str(error))
            return None
        return parsed.calls

    def _judged(
        self, calls: Sequence[ToolCall], known: Known, bounds: Bounds, change: Change | None = None
    ) -> Attempt:
        """Makes the changes and runs the tests.

        `change`, what the calls do, joins the pool if it makes no difference.
        """
        again = [
            {**call.arguments, "path": path}
            for call in calls
            for path in twins(self._tree, call.arguments["path"], call.arguments["content"])
        ]
        tried = yield from self._try(calls, known, bounds)
        if change is not None and tried is not None and tried.came == "same":
            known.pairs.extend(known.pool.add(change))
        if tried is not None and tried.came != "better" and again:
            names = ", ".join(one["path"] for one in again)
            yield Notice(text=f"the same definition stands in {names}: changing it there, too")
            tried = yield from self._try(self._calls(again), known, bounds)
        return None if tried is None else tried.report

    def _try(
        self, calls: Sequence[ToolCall], known: Known, bounds: Bounds
    ) -> Generator[Event, None, Tried | None]:
        """What the tests say with the changes made; None: they could not be made, or are known."""
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
        if (known := self._track.reply()) is not None:
            asked.close()
            return known
        step, account = bounds.account.begin_step(), bounds.account
        yield StepStarted(step=step)
        reply = yield from asked
        self._track.append(Replied.of(reply))
        yield ReplyReceived(step=step, usage=reply.usage, seconds=account.seconds, spent=account.spent)
        return reply

    def _change(self, calls: Sequence[ToolCall], control: Control) -> Generator[Event, None, bool]:
        """Makes the changes of a reply, all or none; whether they were made."""
        for call in calls:
            self._track.append(Called(call=call))
            yield CallStarted(call=call)
        observations: tuple[Observation, ...] = ()
        for batch in self._toolset.batches(calls):
            observations += yield from self._toolset.run(batch, control)
        for call, observation in zip(calls, observations, strict=True):
            self._track.append(Observed(observation=observation))
            yield CallFinished(name=call.name, observation=observation)
        return all(seen.status == "ok" for seen in observations)

    def _trace(self, control: Control) -> Generator[Event, None, Trace]:
        yield Notice(text="looking which lines the failing tests execute")
        self._sandbox.start(control)
        self._sandbox.sync(self._tree.snapshot(), control)
        return unshown(trace_tests(self._sandbox, self._command, control))

    def _test(self, before: TestReport, control: Control) -> Generator[Event, None, Tried]:
        if (known := self._track.tried()) is not None:
            return known
        call = ToolCall(id=f"c{self._track.next_call()}", name="test", arguments={})
        self._track.append(Called(call=call))
        yield CallStarted(call=call)
        self._sandbox.start(control)
        self._sandbox.sync(self._tree.snapshot(), control)
        report = yield from shown(call.id, run_tests(self._sandbox, self._command, control))
        observation = Observation(
            call_id=call.id,
            status="ok" if report.exit_code == 0 else "failed",
            text="\n\n".join([summary(report), *_failures(before, report)]),
            display=summary(report),
        )
        self._track.append(Observed(observation=observation))
        yield CallFinished(name="test", observation=observation)
        tried = Tried(came="same" if is_same(before, report) else "other")
        if is_better(before, report):
            tried = Tried(came="better", report=report)
        self._track.append(tried)
        return tried


def _failures(before: TestReport, after: TestReport) -> list[str]:
    """What a few failing tests say: what the change broke tells more than what it left."""
    known = set(failing(before))
    ordered = sorted(failing(after), key=lambda name: name in known)
    return [
        clip(f"{name}:\n{failure_of(after, name)}", MOST_FAILURE // MOST_SHOWN).text
        for name in ordered[:MOST_SHOWN]
    ]
