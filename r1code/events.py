"""What a turn tells its listener: a closed union of values, also the lines of `--json`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from r1code.types import (
    Cut,
    EndReason,
    ExitCode,
    Limit,
    Observation,
    Outcome,
    Part,
    Plan,
    Point,
    Spent,
    TestReport,
    ToolCall,
    Usage,
    Verdict,
)


class Event(Struct, frozen=True, kw_only=True, tag_field="event", tag=True):
    """Base of all events. In JSON the field `event` carries the class name."""


class TurnStarted(Event, frozen=True, kw_only=True):
    session: str
    text: str


class StepStarted(Event, frozen=True, kw_only=True):
    step: int


class ReasoningDelta(Event, frozen=True, kw_only=True):
    text: str


class TextDelta(Event, frozen=True, kw_only=True):
    text: str


class TextWasReasoning(Event, frozen=True, kw_only=True):
    """All text of this step so far was reasoning: its closing tag came without an opening one."""


class ReplyReceived(Event, frozen=True, kw_only=True):
    step: int
    usage: Usage
    seconds: float
    spent: Spent = Spent()
    """By all requests of this step."""


class ReplyDiscarded(Event, frozen=True, kw_only=True):
    """The stream broke off: what this step showed so far counts for nothing, and the model is asked again."""

    why: str


class ReplyCut(Event, frozen=True, kw_only=True):
    """r1code ended the reply: its reasoning used up its budget, or it repeated itself."""

    cut: Cut


class ReplyRejected(Event, frozen=True, kw_only=True):
    """The reply could not be read; `text` is what the model is told."""

    text: str


class ChecklistChanged(Event, frozen=True, kw_only=True):
    """How far the work is. Only conversations have such a list."""

    points: tuple[Point, ...]
    ticked: tuple[int, ...] = ()
    """Those that were done just now, by their numbers from 1 on."""


class CallStarted(Event, frozen=True, kw_only=True):
    call: ToolCall


class CommandOutput(Event, frozen=True, kw_only=True):
    call_id: str
    text: str


class CallFinished(Event, frozen=True, kw_only=True):
    name: str
    observation: Observation


class TestsRan(Event, frozen=True, kw_only=True):
    """The tool `test` ran tests: all of them, or those that the model chose."""

    __test__ = False

    call_id: str
    command: str
    report: TestReport


class Notice(Event, frozen=True, kw_only=True):
    """Something a person should know while it works."""

    text: str
    level: Literal["info", "warning"] = "info"


class HistoryCompacted(Event, frozen=True, kw_only=True):
    """The model sees a shorter history from here on; nothing is lost from the log."""

    how: Literal["pruned", "model", "log"]
    """Only observations were shortened | the model summed up | what the log says was put together."""
    tokens_before: int
    tokens_after: int
    """Of the prompt."""


class RoleStarted(Event, frozen=True, kw_only=True):
    """One of two roles goes on: the model of `profile`, with a conversation of its own."""

    role: Part
    profile: str


class PlanReady(Event, frozen=True, kw_only=True):
    """A plan was made. `file`: where it was saved."""

    plan: Plan
    file: str | None


class TurnEnded(Event, frozen=True, kw_only=True):
    reason: EndReason
    text: str
    usage: Usage
    steps: int
    seconds: float
    limit: Limit | None = None
    """Which one was reached, where the reason is `budget`."""
    spent: Spent = Spent()
    """By this turn."""


class BaselineReached(Event, frozen=True, kw_only=True):
    """The tests ran on the tree as it was, before anything was changed."""

    command: str
    report: TestReport


class PatchReady(Event, frozen=True, kw_only=True):
    """All that changed, as a patch that `git apply` takes."""

    diff: str
    files: int


class VerdictReached(Event, frozen=True, kw_only=True):
    verdict: Verdict


Inner = (
    TurnStarted
    | StepStarted
    | ReasoningDelta
    | TextDelta
    | TextWasReasoning
    | ReplyReceived
    | ReplyDiscarded
    | ReplyCut
    | ReplyRejected
    | CallStarted
    | CommandOutput
    | CallFinished
    | TestsRan
    | Notice
    | HistoryCompacted
    | RoleStarted
    | PlanReady
    | TurnEnded
    | PatchReady
    | VerdictReached
)


class CandidateEvent(Event, frozen=True, kw_only=True):
    """An event of one of several attempts, counted from 1. Those of several at a time are mixed."""

    candidate: int
    inner: Inner


class Standing(Struct, frozen=True, kw_only=True):
    """One candidate beside the others."""

    candidate: int
    outcome: Outcome
    fixed: int
    still_failing: int
    broken: int
    lines: int
    """Added and removed."""
    same: int = 1
    """So many candidates made this very patch."""
    strategy: str = ""
    temperature: float | None = None
    seed: int | None = None


class CandidateChosen(Event, frozen=True, kw_only=True):
    """Which of several candidates is taken; PatchReady and VerdictReached of it follow."""

    candidate: int
    why: str
    candidates: tuple[Standing, ...]
    """All that got a verdict, the best first."""


class Finished(Event, frozen=True, kw_only=True):
    """The last event. `applied`: the work tree holds the patch. `patch_file`: where it was saved."""

    outcome: Outcome | Literal["done", "ended"]
    reason: EndReason | None
    exit_code: ExitCode
    applied: bool
    patch_file: str | None
    session: str
    usage: Usage
    seconds: float
    limit: Limit | None = None
    """Which one the last turn reached, where its reason is `budget`."""
    spent: Spent = Spent()
    """By the whole session."""
    known: tuple[str, ...] = ()
    """Where it is not fixed: how far it came, what is known, or the evidence that it cannot be done."""
