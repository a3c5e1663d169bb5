"""A goal: turn after turn until it is reached, as the tests or a second look say, or the budget is used up."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from r1code import prompts
from r1code.budget import Meter
from r1code.control import Control
from r1code.errors import BudgetExhausted, Cancelled, UsageError
from r1code.events import Event, Notice, PatchReady, TurnEnded, VerdictReached
from r1code.repair.conversation import Terms
from r1code.repair.verdict import failing, problem
from r1code.tools.truncation import clean, clip
from r1code.turn import Events
from r1code.types import Reply, TestReport, Verdict

ROUNDS = 5
"""Turns for a goal, where nobody says how many."""
_MOST_IDS = 20
_MOST_DIGEST = 6_000
_MOST_WHY = 1_000
_TESTS = re.compile(
    r"(?:make )?(?:sure )?(?:that )?(?:all )?(?:the )?(?:unit )?tests? (?:must |should |all )?"
    r"(?:pass|passes|succeed|are green|green|are passing)(?: again)?[.!]?",
    re.IGNORECASE,
)
_YES = re.compile(r"\W*YES\b", re.IGNORECASE)
_NO = re.compile(r"\W*NO\b\W*", re.IGNORECASE)


class Talk(Protocol):
    """What a goal needs of a conversation; see Conversation."""

    terms: Terms
    meter: Callable[[], Meter]

    def turn(self, text: str, control: Control, *, title: str = "", meter: Meter | None = None) -> Events: ...
    def test(self, control: Control) -> Generator[Event, None, TestReport | None]: ...
    def aside(
        self, question: str, control: Control, meter: Meter | None = None
    ) -> Generator[Event, None, Reply]: ...


class _Round(Struct, kw_only=True):
    """What came of a turn."""

    ended: TurnEnded | None = None
    changed: bool = False
    verdict: Verdict | None = None
    """The last one."""


class _Missing(Struct, frozen=True, kw_only=True):
    """Why the goal is not reached, for the model and a person."""

    why: str
    ids: tuple[str, ...] = ()
    digest: str = ""
    is_hopeless: bool = False
    """The tests cannot say anything."""


def is_about_tests(goal: str) -> bool:
    """Whether the tests alone say that it is reached."""
    return _TESTS.fullmatch(" ".join(goal.split())) is not None


class Goal:
    """Of one conversation. Its turns share one budget: that of a turn, with the steps of all."""

    def __init__(self, talk: Talk, goal: str, rounds: int) -> None:
        """Raises UsageError for a goal that only tests can show, where nobody knows how they are run."""
        self._talk = talk
        self._goal = goal
        self._rounds = rounds
        self._by_tests = is_about_tests(goal)
        self._report: TestReport | None = None
        self._broken: frozenset[str] = frozenset()
        """What passed before the goal was given, and fails."""
        self._is_judged = False
        meter = talk.meter()
        steps = None if meter.budget.steps is None else meter.budget.steps * rounds
        self._meter = Meter(replace(meter.budget, steps=steps))
        if self._by_tests and talk.terms.command is None:
            raise UsageError(
                "nothing can say when this goal is reached",
                why="no test command is known",
                hint="/test COMMAND names one",
            )

    def pursue(self, control: Control) -> Events:
        """Ends with a line that says what came of it; what was changed stays. Raises R1CodeError."""
        missing: _Missing | None = None
        idle = 0
        try:
            if self._by_tests:
                missing = yield from self._by_report(control)
                if missing is None:
                    yield Notice(text=f"goal reached before anything was done: {self._passing()}")
                    return
                if missing.is_hopeless:
                    yield Notice(text=f"goal not reached, and nothing was done: {missing.why}", level="warning")
                    return
            for number in range(1, self._rounds + 1):
                turn = f"{number} of {self._rounds}"
                yield Notice(
                    text=f"goal, turn {turn}" if missing is None else f"goal, turn {turn}: {missing.why}"
                )
                done = yield from self._turn(missing, number, control)
                idle = 0 if done.changed else idle + 1
                if stopped := _stopped(done, idle, self._meter):
                    yield Notice(text=f"goal not reached: {stopped}", level="warning")
                    return
                missing = yield from self._looked(done, control)
                if missing is None:
                    times = "1 turn" if number == 1 else f"{number} turns"
                    yield Notice(text=f"goal reached after {times}: {self._shown()}")
                    return
        except Cancelled:
            yield Notice(text="goal not reached: you stopped it", level="warning")
            return
        except BudgetExhausted as over:
            yield Notice(text=f"goal not reached, as far as anybody looked: {over}", level="warning")
            return
        why = _because(missing)
        yield Notice(text=f"goal not reached after {self._rounds} turns{why}; /goal goes on", level="warning")

    def _turn(self, missing: _Missing | None, number: int, control: Control) -> Generator[Event, None, _Round]:
        text = prompts.load(
            "goal",
            goal=self._goal,
            command=self._talk.terms.command if self._by_tests else None,
            why="" if missing is None or (number == 1 and not missing.ids) else missing.why,
            ids=() if missing is None else missing.ids[:_MOST_IDS],
            digest="" if missing is None else clip(missing.digest, _MOST_DIGEST).text,
        )
        done = _Round()
        # What it mentions is shown once.
        title = self._goal if number == 1 else f"the goal, turn {number}"
        for event in self._talk.turn(clean(text), control, title=title, meter=self._meter):
            match event:
                case TurnEnded():
                    done.ended = event
                case PatchReady():
                    done.changed = True
                case VerdictReached():
                    done.verdict = event.verdict
                case _:
                    pass
            yield event
        if (verdict := done.verdict) is not None:
            self._broken = (self._broken - {*verdict.fixed}) | {*verdict.broken}
            self._is_judged = True
        return done

    def _looked(self, done: _Round, control: Control) -> Generator[Event, None, _Missing | None]:
        """What is missing after a turn; None: nothing."""
        if self._by_tests:
            return (yield from self._by_report(control))
        reason = "error" if done.ended is None else done.ended.reason
        if reason not in {"done", "answered"}:
            return _Missing(why=f"the last turn ended without it ({reason.replace('_', ' ')})")
        if broken := len(self._broken):
            count = "1 test fails" if broken == 1 else f"{broken} tests fail"
            return _Missing(why=f"{count} now that passed before", ids=tuple(sorted(self._broken)))
        question = prompts.load("goal_check", goal=self._goal)
        said = yield from self._talk.aside(question, control, self._meter)
        text = clean(said.text).strip()
        if _YES.match(text):
            return None
        why = _NO.sub("", text, count=1) if _NO.match(text) else text
        return _Missing(why=clip(why or "you said so yourself, without a reason", _MOST_WHY).text)

    def _by_report(self, control: Control) -> Generator[Event, None, _Missing | None]:
        report = self._report = yield from self._talk.test(control)
        trouble = ("", "") if report is None else problem(report)
        if report is None or trouble is None:
            failed = () if report is None else failing(report)
            count = "1 test fails" if len(failed) == 1 else f"{len(failed)} tests fail"
            return _Missing(why=count, ids=failed, digest="" if report is None else report.digest)
        if trouble[0] == "nothing_to_fix":
            return None
        return _Missing(why=trouble[1], digest=report.digest, is_hopeless=True)

    def _shown(self) -> str:
        if self._by_tests:
            return self._passing()
        if not self._is_judged:
            return "R1 says so, and again when it was asked; no tests judged it"
        return "R1 says so, and again when it was asked; no test broke"

    def _passing(self) -> str:
        count = 0 if self._report is None else len(self._report.passed)
        return "1 test passes" if count == 1 else f"all {count} tests pass"


def _stopped(done: _Round, idle: int, meter: Meter) -> str:
    """Why no other turn makes sense; empty: one may."""
    ended = done.ended
    if ended is None:
        return "the turn did not come to its end"
    if ended.reason == "cancelled":
        return "you stopped it"
    if ended.reason == "question":
        return "R1 asks something; answer it, then /goal again"
    if ended.reason == "budget" or meter.exhausted:
        return ended.text or "a budget is used up"
    if ended.reason in {"format", "error"}:
        return f"the last turn ended badly ({ended.reason})"
    return "two turns changed nothing" if idle > 1 else ""


def _because(missing: _Missing | None) -> str:
    return "" if missing is None else f": {missing.why}"
