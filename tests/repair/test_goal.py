"""Goals, with a conversation that does what each test says."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pytest

from r1code.budget import Meter
from r1code.control import Control
from r1code.errors import Cancelled, UsageError
from r1code.events import Event, Notice, PatchReady, TurnEnded, VerdictReached
from r1code.repair.conversation import Terms
from r1code.repair.goal import Goal, is_about_tests
from r1code.turn import Events
from r1code.types import Budget, EndReason, Reply, TestReport, Usage, Verdict

Turn = tuple[EndReason, bool]
"""How it ends, and whether it changed something."""
GOOD = TestReport(passed=("a", "b"), structured=True, exit_code=0)
BAD = TestReport(passed=("a",), failed=("b",), structured=True, exit_code=1, digest="b is 3")
NOTHING = TestReport(exit_code=127)
BROKEN = Verdict(outcome="not_fixed", why="", sandbox="docker", broken=("a",))
QUIET = Verdict(outcome="unbroken", why="", sandbox="docker", still_failing=("a",))
MENDED = Verdict(outcome="fixed", why="", sandbox="docker", fixed=("a",))


class Talking:
    def __init__(
        self,
        *turns: Turn,
        reports: Sequence[TestReport] = (),
        looks: Sequence[str] = (),
        verdicts: Sequence[Verdict] = (),
        budget: Budget | None = None,
        command: str | None = "pytest",
    ) -> None:
        self.terms = Terms(command=command, found=False)
        self.told: list[str] = []
        self.titles: list[str] = []
        self.meters: set[int] = set()
        self.steps: int | None = None
        self._turns = list(turns)
        self._reports = list(reports)
        self._looks = list(looks)
        self._verdicts = list(verdicts)
        self._budget = budget or Budget(steps=40)

    def meter(self) -> Meter:
        return Meter(self._budget)

    def turn(self, text: str, control: Control, *, title: str = "", meter: Meter | None = None) -> Events:
        control.check()
        assert meter is not None
        self.steps = meter.budget.steps
        self.meters.add(id(meter))
        self.told.append(text)
        self.titles.append(title)
        reason, changed = self._turns.pop(0)
        yield TurnEnded(reason=reason, text="why it ended", usage=Usage(), steps=1, seconds=0.0)
        if changed:
            yield PatchReady(diff="", files=1)
        if self._verdicts:
            yield VerdictReached(verdict=self._verdicts.pop(0))

    def test(self, control: Control) -> Generator[Event, None, TestReport | None]:
        control.check()
        yield Notice(text="tests")
        if not self._reports:
            raise Cancelled
        return self._reports.pop(0)

    def aside(self, question: str, control: Control, meter: Meter | None = None) -> Generator[Event, None, Reply]:
        control.check()
        assert meter is not None
        assert "The goal: " in question
        yield Notice(text="asked")
        return Reply(text=self._looks.pop(0))


def said(talk: Talking, goal: str, rounds: int = 3) -> list[str]:
    events = Goal(talk, goal, rounds).pursue(Control())
    return [event.text for event in events if isinstance(event, Notice) and event.text.startswith("goal")]


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ("tests pass", True),
        ("All the tests pass.", True),
        ("make sure that the unit tests are green", True),
        ("test passes", True),
        ("the tests pass and README says how", False),
        ("write tests for the parser", False),
        ("", False),
    ],
)
def test_only_a_goal_that_is_no_more_is_for_the_tests_to_say(goal: str, expected: bool) -> None:
    assert is_about_tests(goal) is expected


def test_tests_decide_whatever_the_model_says() -> None:
    talk = Talking(("done", True), ("stuck", True), reports=[BAD, BAD, GOOD])
    assert said(talk, "tests pass") == [
        "goal, turn 1 of 3: 1 test fails",
        "goal, turn 2 of 3: 1 test fails",
        "goal reached after 2 turns: all 2 tests pass",
    ]
    assert all("b is 3" in text and "- b" in text and "pytest" in text for text in talk.told)
    # One budget for all turns, with the steps of all; and what is mentioned is shown once.
    assert (len(talk.meters), talk.steps) == (1, 120)
    assert talk.titles == ["tests pass", "the goal, turn 2"]


def test_it_ends_after_its_turns_and_says_what_is_missing() -> None:
    talk = Talking(*[("done", True)] * 3, reports=[BAD] * 4)
    assert said(talk, "tests pass")[-1] == "goal not reached after 3 turns: 1 test fails; /goal goes on"


def test_nothing_is_begun_where_nothing_can_say_that_it_is_reached() -> None:
    assert said(Talking(reports=[NOTHING]), "tests pass") == [
        "goal not reached, and nothing was done: the test command ended with 127: the command was not found"
    ]
    with pytest.raises(UsageError, match="nothing can say"):
        said(Talking(command=None), "tests pass")
    assert said(Talking(reports=[GOOD]), "tests pass") == [
        "goal reached before anything was done: all 2 tests pass"
    ]


def test_a_claim_counts_only_if_a_second_look_bears_it_out() -> None:
    looks = ["**No**, the docs\nare missing.", "\n\nNO", "**Yes**. NO doubt about it."]
    talk = Talking(*[("done", True)] * 3, looks=looks)
    assert said(talk, "write the docs") == [
        "goal, turn 1 of 3",
        "goal, turn 2 of 3: the docs\nare missing.",
        "goal, turn 3 of 3: you said so yourself, without a reason",
        "goal reached after 3 turns: R1 says so, and again when it was asked; no tests judged it",
    ]
    assert "the docs\nare missing." in talk.told[1]


def test_what_is_neither_yes_nor_no_is_no_yes() -> None:
    talk = Talking(*[("done", True)] * 2, looks=["It depends.", ""])
    assert said(talk, "write the docs", 2)[1:] == [
        "goal, turn 2 of 2: It depends.",
        "goal not reached after 2 turns: you said so yourself, without a reason; /goal goes on",
    ]


def test_a_claim_does_not_count_where_tests_broke() -> None:
    # It is nothing that the second turn found broken already.
    talk = Talking(*[("done", True)] * 3, verdicts=[BROKEN, QUIET, MENDED], looks=["YES"])
    assert said(talk, "write the docs") == [
        "goal, turn 1 of 3",
        "goal, turn 2 of 3: 1 test fails now that passed before",
        "goal, turn 3 of 3: 1 test fails now that passed before",
        "goal reached after 3 turns: R1 says so, and again when it was asked; no test broke",
    ]
    assert "- a" in talk.told[2]


@pytest.mark.parametrize(
    ("turns", "why"),
    [
        ([("cancelled", True)], "you stopped it"),
        ([("question", False)], "R1 asks something; answer it, then /goal again"),
        ([("budget", True)], "why it ended"),
        ([("format", False)], "the last turn ended badly (format)"),
        ([("stuck", False), ("stuck", False)], "two turns changed nothing"),
    ],
)
def test_it_ends_where_another_turn_makes_no_sense(turns: list[Turn], why: str) -> None:
    talk = Talking(*turns)
    assert said(talk, "write the docs")[-1] == f"goal not reached: {why}"


def test_a_stop_between_turns_is_told_too() -> None:
    talk = Talking(("done", True), reports=[BAD])
    assert said(talk, "tests pass")[-1] == "goal not reached: you stopped it"
