"""The nouns that every layer shares: frozen, slotted, keyword-only values (GLOSSARY.md has the words)."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from typing import Any, Literal

from msgspec import Struct

Arguments = dict[str, Any]
"""A call's arguments as JSON values; each tool converts them to its own type."""

Role = Literal["user", "assistant", "observation"]
Language = Literal["en", "zh"]
"""In which r1code can speak to a person."""
ApprovalMode = Literal["ask", "auto-edit", "auto"]
"""What goes on unasked where no rule says anything: reading; edits too; commands too."""
AgentMode = Literal["act", "plan"]
"""plan: only what has the effect read runs."""
Part = Literal["planner", "actor"]
"""A role: who makes the plan, and who carries it out."""
Effect = Literal["read", "write", "exec"]
Limit = Literal["steps", "tokens", "reasoning_tokens", "seconds", "cost"]
"""Of a budget."""
Status = Literal["ok", "failed", "refused", "interrupted"]
"""ok: it did what was asked. failed: it ran and the answer is bad (a test failed) or it could not be done.
refused: it was not run. interrupted: whether it ran to its end is not known."""
EndingKind = Literal["done", "plan", "question", "none"]
Finish = Literal["stop", "calls", "length", "filter", "repetition", "unknown"]
"""calls: the answer ended with calls of functions, as the server says. length, filter, repetition: it was cut."""
EndReason = Literal[
    "done", "answered", "plan", "question", "gave_up", "stuck", "format", "budget", "cancelled", "error"
]


class ExitCode(IntEnum):
    """What the process ends with. Each number has one meaning for ever (README.md has the table)."""

    OK = 0
    NOT_FIXED = 1
    USAGE = 2
    NOTHING_TO_FIX = 3
    CANNOT_REPRODUCE = 4
    BUDGET = 5
    BACKEND = 6
    SANDBOX = 7
    TAMPERED = 8
    NO_ANSWER = 9
    FLAKY = 10
    NOT_SOLVABLE = 11
    INTERNAL = 70
    INTERRUPTED = 130


class ToolCall(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    arguments: Arguments


class RawCall(Struct, frozen=True, kw_only=True):
    """A function that the model called, as it came over the wire: nothing of it is read yet."""

    name: str
    arguments: str
    """Meant as JSON; it may be anything."""


class Message(Struct, frozen=True, kw_only=True):
    """One entry of the model's history. `text` is verbatim, without the reasoning."""

    role: Role
    text: str
    reasoning: str = ""
    raw_calls: tuple[RawCall, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None


class Usage(Struct, frozen=True, kw_only=True):
    """Tokens as the provider reported them. None: it did not say, and nothing is guessed."""

    prompt: int | None = None
    cached: int | None = None
    completion: int | None = None
    reasoning: int | None = None

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            prompt=_plus(self.prompt, other.prompt),
            cached=_plus(self.cached, other.cached),
            completion=_plus(self.completion, other.completion),
            reasoning=_plus(self.reasoning, other.reasoning),
        )


class Tokens(Struct, frozen=True, kw_only=True):
    """A sum of tokens, of which a part may not be known: it is never taken for nothing."""

    known: int = 0
    """At least so many."""
    unknown: int = 0
    """Requests of which nobody said how many it were."""

    def add(self, tokens: int | None) -> Tokens:
        known, unknown = (0, 1) if tokens is None else (tokens, 0)
        return Tokens(known=self.known + known, unknown=self.unknown + unknown)


class Bill(Struct, frozen=True, kw_only=True):
    """What requests cost in one currency. Amounts are decimal numbers, as texts in JSON: nothing is rounded."""

    currency: str
    total: Decimal = Decimal(0)
    """At least so much: the sum of what is known."""
    unknown: int = 0
    """Requests whose cost is not known in whole."""
    at_most: Decimal | None = Decimal(0)
    """What cannot have been exceeded. None: nothing bounds it."""
    hit: Decimal = Decimal(0)
    miss: Decimal = Decimal(0)
    answer: Decimal = Decimal(0)
    reasoning: Decimal = Decimal(0)
    """These four: the known parts of `total`; they need not add up to it."""
    uncached: Decimal = Decimal(0)
    """What the requests with a known total would have cost without a cache."""


class Spent(Struct, frozen=True, kw_only=True):
    """What requests used, the failed and the discarded ones too, as far as the provider said."""

    requests: int = 0
    prompt: Tokens = Tokens()
    hit: Tokens = Tokens()
    """Prompt tokens from the server's cache."""
    miss: Tokens = Tokens()
    completion: Tokens = Tokens()
    answer: Tokens = Tokens()
    reasoning: Tokens = Tokens()
    bills: tuple[Bill, ...] = ()
    """One per currency."""
    unpriced: int = 0
    """Requests of models whose price is not known."""


def _plus(left: int | None, right: int | None) -> int | None:
    if left is None:
        return right
    return left if right is None else left + right


class Ending(Struct, frozen=True, kw_only=True):
    """How the reply says that the turn is over; `none` when it does not."""

    kind: EndingKind = "none"
    text: str = ""


class Cut(Struct, frozen=True, kw_only=True):
    """r1code ended a reply before the model did. What the provider bills for what was cut is not known."""

    part: Literal["reasoning", "answer"]
    """In which part of the reply."""
    why: Literal["budget", "repetition"]
    tokens: int
    """Of that part until then, as r1code counts them."""
    limit: int | None = None
    """The budget that was used up."""
    evidence: str = ""
    """The beginning of what was said again and again."""
    copies: int = 0
    then: Literal["continue", "ask"] = "ask"
    """continue: the reasoning was closed, and the model went on with its answer. ask: it is told, and asked
    again; nothing of the reply is done."""


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be done, before it is done: r1code/plan.py has its file."""

    goal: str
    steps: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Paths that whoever carries it out has to know."""
    tests: tuple[str, ...] = ()
    """Commands that show whether it is done."""
    done: tuple[int, ...] = ()
    """The steps that are done, by their numbers from 1 on."""

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple(Point(text=step, done=at in self.done) for at, step in enumerate(self.steps, start=1))


class Point(Struct, frozen=True, kw_only=True):
    """Of a checklist."""

    text: str
    done: bool = False


class Reply(Struct, frozen=True, kw_only=True):
    """One raw answer of the model: split, but not yet parsed."""

    text: str
    reasoning: str = ""
    raw_calls: tuple[RawCall, ...] = ()
    finish: Finish = "stop"
    usage: Usage = Usage()
    cut: Cut | None = None
    thought: int | None = None
    """Tokens of reasoning as r1code counts them. None: nobody counted."""
    split_by_server: bool = False
    """Whether its reasoning came in a field of its own."""


class Observation(Struct, frozen=True, kw_only=True):
    """What came of one call: `text` for the model, `display` for the person (empty: the same text)."""

    call_id: str
    status: Status
    text: str
    display: str = ""


class ToolSpec(Struct, frozen=True, kw_only=True):
    """A tool as a dialect must know it."""

    name: str
    arguments: type[Struct]
    """What its arguments are converted to; the types and the names of its fields are what a model is told."""


class Budget(Struct, frozen=True, kw_only=True):
    """Limits of one turn. None: no limit. 0: nothing is allowed."""

    steps: int | None = 40
    tokens: int | None = None
    reasoning_tokens: int | None = None
    seconds: float | None = None
    cost: Decimal | None = None
    """Money, in the currency of the profile's price."""
    format_errors: int | None = 3
    """Malformed replies in a row."""


class ExecResult(Struct, frozen=True, kw_only=True):
    """Independent facts about one finished command, reported independently."""

    exit_code: int | None
    signal: int | None
    timed_out: bool
    truncated: bool
    output: str
    seconds: float

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0 and not self.timed_out


CaseState = Literal["passed", "failed", "skipped", "uncollected"]


class Case(Struct, frozen=True, kw_only=True):
    """One test in a run."""

    id: str
    """Up to its first `::` the file, module or package; after that the names in it, as the runner has them."""
    state: CaseState
    """uncollected: what the id names could not be loaded or built, and its tests are not known."""
    text: str = ""
    """Why it failed."""
    file: str = ""
    """Relative to the work tree; empty: not known."""
    line: int | None = None
    """Where it failed, else where it begins."""
    seconds: float | None = None
    is_expected: bool = False
    """It is marked as one that is to fail, so its state says nothing good of it."""


class Counts(Struct, frozen=True, kw_only=True):
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    uncollected: int = 0
    flaky: int = 0
    """Of the failed ones."""


class TestReport(Struct, frozen=True, kw_only=True):
    """What one run of the test command said. Ids are in the runner's order."""

    __test__ = False

    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    uncollected: tuple[str, ...] = ()
    """Files or modules that the runner could not load."""
    structured: bool = False
    """False: the runner left no report; the command itself is the only test."""
    exit_code: int | None = None
    timed_out: bool = False
    seconds: float = 0.0
    digest: str = ""
    """The end of the output, or the failures, for whoever reads it."""
    runner: str = ""
    """Who wrote the report: `pytest`, or several with commas."""
    failures: tuple[Case, ...] = ()
    """The cases that failed or could not be loaded."""
    flaky: tuple[str, ...] = ()
    """Failed, and passed when they were run again on the same tree (docs/verdict.md)."""
    expected: tuple[str, ...] = ()
    """Marked as tests that are to fail; they are among the skipped or the passed ones, too."""
    failed_of: dict[str, tuple[int, int]] = {}
    """By id, of what was run more than once on the same tree: in how many of how many runs it failed."""
    counts: Counts = Counts()


Outcome = Literal[
    "fixed",
    "unbroken",
    "not_fixed",
    "nothing_to_fix",
    "cannot_reproduce",
    "tampered",
    "flaky",
    "not_solvable",
]
"""unbroken: nothing had to be repaired, and all that passed still does. flaky: what failed passes at times.
not_solvable: what has to pass cannot, and there is evidence for that."""
CheckName = Literal[
    "targets",
    "unbroken",
    "collected",
    "skips",
    "protected",
    "report",
    "exit_code",
    "repeats",
    "control",
    "counter_test",
    "gates",
    "added_tests",
    "suspicious",
]
"""Of a verdict's report card, in its order (docs/verdict.md)."""


class Check(Struct, frozen=True, kw_only=True):
    """One line of a verdict's report card."""

    name: CheckName
    state: Literal["ok", "failed", "flagged", "not_run"]
    """flagged: a person should look at it; it decides nothing. not_run: it was not needed, or is not set up."""
    text: str = ""


class Verdict(Struct, frozen=True, kw_only=True):
    """What a clean re-run of the tests says: base snapshot and patch in a fresh sandbox."""

    outcome: Outcome
    why: str
    sandbox: str
    """The kind of sandbox that the tests ran in. Empty: they did not run again, for nothing was changed."""
    fixed: tuple[str, ...] = ()
    still_failing: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    """Passed before, and do not pass now; missing ones too."""
    flaky: tuple[str, ...] = ()
    """Of those that fail: they passed when they were run again alone. The verdict counts them as failing."""
    passing: int = 0
    tampered: tuple[str, ...] = ()
    """Protected paths that the patch touched; the re-run used their base versions."""
    seconds: float = 0.0
    others: tuple[str, ...] = ()
    """Failed before and fail now, and did not have to be repaired."""
    skipped: tuple[str, ...] = ()
    """Ran before, and now are skipped or marked as tests that are to fail."""
    missing: tuple[str, ...] = ()
    """Ran before, and now no report names them."""
    added: tuple[str, ...] = ()
    """Tests that the patch adds; they fail without the rest of it and pass with it."""
    suspicious: tuple[str, ...] = ()
    """What in the patch looks like deceit, and cannot be proven to be it."""
    checks: tuple[Check, ...] = ()
    """The report card."""


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong, as a person is told it."""

    what: str
    why: str
    next: str
