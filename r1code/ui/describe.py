"""What each event says in words. Pure: an event in, pieces of output out; nothing is remembered."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from functools import singledispatch
from typing import cast

from r1code.events import (
    BaselineReached,
    CandidateChosen,
    ChecklistChanged,
    Event,
    Finished,
    HistoryCompacted,
    Notice,
    PatchReady,
    PlanReady,
    ReplyCut,
    ReplyDiscarded,
    ReplyReceived,
    ReplyRejected,
    RoleStarted,
    StepStarted,
    TestsRan,
    TurnEnded,
    TurnStarted,
    VerdictReached,
)
from r1code.types import EndReason, ExitCode, Limit, Outcome, Status, ToolCall, Usage, Verdict
from r1code.ui.candidates_table import told_candidates
from r1code.ui.checklist import row
from r1code.ui.diff import diff_lines, laid_out, marked
from r1code.ui.lines import MARGIN, block, line, more, seconds, wrapped
from r1code.ui.piece import Piece, Style
from r1code.ui.report_card import told_card, told_known
from r1code.ui.safe import safe_line
from r1code.ui.spending import told_money, told_spending
from r1code.ui.tests_table import told_ids, told_tests

LINES = 8
TASK_LINES = 12
ENDING_LINES = 30
DIFF_LINES = 200

_MARKS: dict[Status, tuple[str, Style]] = {
    "ok": ("✓", "good"),
    "failed": ("✗", "bad"),
    "refused": ("⊘", "warn"),
    "interrupted": ("!", "warn"),
}
REASONS: dict[EndReason, tuple[str, Style]] = {
    "done": ("done", "good"),
    "answered": ("answered", "good"),
    "plan": ("plan", "good"),
    "question": ("question", "warn"),
    "gave_up": ("gave up", "bad"),
    "stuck": ("stuck: it went in circles", "bad"),
    "format": ("too many replies that could not be read", "bad"),
    "budget": ("a budget is used up", "warn"),
    "cancelled": ("cancelled", "warn"),
    "error": ("an error", "bad"),
}
_COMPACTED = {
    "pruned": "old observations were left out",
    "model": "the model summed it up",
    "log": "summed up from the log",
}
_GOOD = frozenset[Outcome]({"fixed", "unbroken"})
_RE_RUN = frozenset[Outcome]({"fixed", "unbroken", "not_fixed", "tampered"})
# What was streamed a moment ago is not said twice.
_ALREADY_SAID = frozenset[EndReason]({"answered", "gave_up", "plan"})
_EXITS: dict[ExitCode, tuple[str, str]] = {
    ExitCode.OK: ("it is done, and the tests that had to pass do", ""),
    ExitCode.NOT_FIXED: (
        "tests still fail, or a passing one broke",
        "run again with a clearer task or a larger budget",
    ),
    ExitCode.USAGE: ("the command or its input cannot be used", "see r1code --help"),
    ExitCode.NOTHING_TO_FIX: ("no test fails", ""),
    ExitCode.CANNOT_REPRODUCE: (
        "the failure does not show where the tests run",
        "check the test command and what it needs",
    ),
    ExitCode.BUDGET: ("a budget is used up", "run again with a larger budget"),
    ExitCode.BACKEND: ("the model's backend failed", "check that it answers, then run again"),
    ExitCode.SANDBOX: ("the sandbox failed", "check that the engine runs, then run again"),
    ExitCode.TAMPERED: (
        "protected files, or what runs the tests, were changed",
        "read the patch before you use any of it",
    ),
    ExitCode.NO_ANSWER: ("the final answer is not what --output-schema asks for", "ask for less, or say more"),
    ExitCode.FLAKY: (
        "what failed passes at times, as it is",
        "make the tests steady, or name others with --test",
    ),
    ExitCode.NOT_SOLVABLE: ("it cannot be done as it was asked", "read the evidence, and change what is asked"),
    ExitCode.INTERNAL: ("a bug in r1code", "please report it"),
    ExitCode.INTERRUPTED: ("stopped by the user", ""),
}
_FLAGS: dict[Limit, str] = {
    "steps": "--steps",
    "tokens": "--tokens",
    "reasoning_tokens": "--reasoning-tokens",
    "seconds": "--seconds",
    "cost": "--budget",
}
_UNJUDGED = "it is done, and no tests judged it"
_PLANNED = "there is a plan, and nothing was changed"


def mark(status: Status) -> Piece:
    symbol, style = _MARKS[status]
    return Piece(f"{symbol} {status}", style)


def _value(value: object) -> str:
    return safe_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _count(value: object, word: str) -> str:
    number = len(cast("list[object]", value)) if isinstance(value, list) else 0
    return f"({number} {word if number == 1 else word + 's'})"


def background_of(call: ToolCall) -> str:
    """Under which name a call runs in the background; empty: it does not."""
    name = call.arguments.get("background")
    return f"(in the background: {_value(name)})" if name else ""


def card(call: ToolCall) -> str:
    """A call on one line."""
    given = call.arguments
    path = _value(given.get("path", ""))
    match call.name:
        case "edit":
            words = [path, _count(given.get("edits"), "edit")]
        case "write" | "replace" | "insert" | "patch":
            words = [path, _count(str(given.get("content", "")).splitlines(), "line")]
        case "read":
            words = [path, f"(lines {_value(given['lines'])})" if given.get("lines") else ""]
        case "search":
            asked = [
                f"{key} {_value(given[key])}" for key in ("symbol", "references", "callers") if given.get(key)
            ]
            words = [_value(given.get("pattern") or ""), *asked, f"(in {path})" if path else ""]
        case "run":
            words = [_value(given.get("command", "")), background_of(call)]
        case "test":
            words = [_value(given.get("selection") or "(all tests)")]
        case "list" | "delete" | "logs" | "stop":
            words = [path or _value(given.get("name", "."))]
        case "move":
            words = [path, f"to {_value(given.get('to', ''))}"]
        case "chmod":
            words = [path, "executable" if given.get("executable") == "yes" else "not executable"]
        case _:
            words = [_value(given)]
    return "  ".join([safe_line(call.name), *filter(None, words)])


def tokens(usage: Usage) -> str:
    def number(value: int | None) -> str:
        return "unknown" if value is None else f"{value:,}"

    if usage == Usage():
        return "tokens: unknown"
    return (
        f"tokens: prompt {number(usage.prompt)} (cached {number(usage.cached)}), "
        f"completion {number(usage.completion)} (reasoning {number(usage.reasoning)})"
    )


@singledispatch
def describe(event: Event, width: int | None) -> Iterator[Piece]:
    """The whole lines that tell `event`, in a terminal of `width` columns or in none."""
    raise TypeError(f"no whole lines tell {type(event).__name__} (width {width})")


@describe.register
def _turn_started(event: TurnStarted, width: int | None) -> Iterator[Piece]:
    yield line(f"task · session {safe_line(event.session)}", "strong", width)
    yield from block(event.text, TASK_LINES, width)


@describe.register
def _step_started(event: StepStarted, width: int | None) -> Iterator[Piece]:
    yield Piece("\n")
    yield line(f"step {event.step}", "strong", width)


@describe.register
def _reply_received(event: ReplyReceived, width: int | None) -> Iterator[Piece]:
    facts = [f"reply {event.step}", seconds(event.seconds), tokens(event.usage), *told_money(event.spent)]
    yield Piece(wrapped(" · ".join(facts), width), "dim")


@describe.register
def _reply_discarded(event: ReplyDiscarded, width: int | None) -> Iterator[Piece]:
    yield Piece(
        wrapped(f"! the reply above broke off and counts for nothing; asking again: {event.why}", width), "warn"
    )


@describe.register
def _reply_cut(event: ReplyCut, width: int | None) -> Iterator[Piece]:
    cut = event.cut
    if cut.why == "budget":
        why = (
            f"the budget of {cut.limit:,} tokens is used up" if cut.limit is not None else "its budget is used up"
        )
    else:
        why = f"it says the same {cut.copies} times over: {safe_line(cut.evidence)}"
    then = "the model goes on with its answer" if cut.then == "continue" else "the model is asked again"
    yield Piece(wrapped(f"! {cut.part} cut after {cut.tokens:,} tokens: {why}; {then}", width), "warn")


@describe.register
def _reply_rejected(event: ReplyRejected, width: int | None) -> Iterator[Piece]:
    yield line("✗ reply not accepted; the model reads:", "warn", width)
    yield from block(event.text, LINES, width, "dim")


@describe.register
def _notice(event: Notice, width: int | None) -> Iterator[Piece]:
    style: Style = "warn" if event.level == "warning" else "dim"
    word = "! warning" if event.level == "warning" else "note"
    yield Piece(wrapped(f"{word}: {event.text}", width), style)


@describe.register
def _history_compacted(event: HistoryCompacted, width: int | None) -> Iterator[Piece]:
    how = _COMPACTED[event.how]
    tokens_told = f"{event.tokens_before:,} → {event.tokens_after:,} tokens"
    yield Piece(wrapped(f"the conversation was shortened: {tokens_told} · {how}", width), "dim")


@describe.register
def _role_started(event: RoleStarted, width: int | None) -> Iterator[Piece]:
    yield Piece("\n")
    yield line(f"{event.role} · {safe_line(event.profile)}", "strong", width)


@describe.register
def _plan_ready(event: PlanReady, width: int | None) -> Iterator[Piece]:
    where = "" if event.file is None else f" · {safe_line(event.file)}"
    steps = len(event.plan.steps)
    yield Piece("\n")
    # The plan itself was streamed a moment ago.
    yield line(f"plan · {steps} {'step' if steps == 1 else 'steps'}{where}", "good", width)
    if event.file is not None:
        file = safe_line(shlex.quote(event.file))
        yield line(f"next: correct it as you like; r1code -p 'TASK' --plan {file} carries it out", "strong")


@describe.register
def _checklist_changed(event: ChecklistChanged, width: int | None) -> Iterator[Piece]:
    for number in event.ticked:
        yield Piece(f"{row(event.points[number - 1], number, width)}\n", "good")


@describe.register
def _turn_ended(event: TurnEnded, width: int | None) -> Iterator[Piece]:
    word, style = REASONS[event.reason]
    steps = "1 step" if event.steps == 1 else f"{event.steps} steps"
    yield Piece("\n")
    yield Piece(wrapped(f"turn ended: {word} · {steps} · {seconds(event.seconds)}", width), style)
    if event.text.strip() and event.reason not in _ALREADY_SAID:
        yield from block(event.text, ENDING_LINES, width)
    yield Piece(wrapped(f"turn · {told_spending(event.spent)}", width), "dim")


@describe.register
def _baseline_reached(event: BaselineReached, width: int | None) -> Iterator[Piece]:
    yield from told_tests("tests before", event.command, event.report, width)


@describe.register
def _tests_ran(event: TestsRan, width: int | None) -> Iterator[Piece]:
    yield from told_tests("tests", event.command, event.report, width)


@describe.register
def _patch_ready(event: PatchReady, width: int | None) -> Iterator[Piece]:
    lines = tuple(diff_lines(event.diff)) if event.diff else ()
    added, removed = (sum(each.style == style for each in lines) for style in ("added", "removed"))
    files = "1 file" if event.files == 1 else f"{event.files} files"
    yield Piece("\n")
    yield line(f"patch · {files}, +{added} -{removed} lines", "strong", width)
    for each in marked(lines[:DIFF_LINES]):
        yield from laid_out(each, MARGIN, width)
    if len(lines) > DIFF_LINES:
        yield from block(f"{more(len(lines) - DIFF_LINES)}; the patch file has them all", 1, width, "dim")


@describe.register
def _candidate_chosen(event: CandidateChosen, width: int | None) -> Iterator[Piece]:
    yield from told_candidates(event, width)


@describe.register
def _verdict_reached(event: VerdictReached, width: int | None) -> Iterator[Piece]:
    verdict = event.verdict
    word = verdict.outcome.replace("_", " ")
    facts = [f"verdict: {word}", *_evidence(verdict), seconds(verdict.seconds)]
    yield Piece("\n")
    yield Piece(wrapped(" · ".join(facts), width), "good" if verdict.outcome in _GOOD else "bad")
    if verdict.outcome != "fixed" and verdict.why:
        yield from block(verdict.why, LINES, width)
    yield from told_card(verdict, width)
    yield from told_ids("still failing", verdict.still_failing, width)
    yield from told_ids("broken", verdict.broken, width)
    yield from told_ids("flaky, they pass alone", verdict.flaky, width)
    yield from told_ids("protected files the patch touched", verdict.tampered, width)


def _evidence(verdict: Verdict) -> Iterator[str]:
    if verdict.outcome not in _RE_RUN:
        return
    if not verdict.sandbox:
        yield "the tests were not run again"
        return
    still = len(verdict.still_failing)
    counts = [
        f"{len(verdict.fixed)} fixed" if verdict.fixed or verdict.outcome != "unbroken" else "",
        f"{still} still {'fails' if still == 1 else 'fail'}" if still else "",
        f"{len(verdict.broken)} broken" if verdict.broken else "",
        f"{verdict.passing} still {'passes' if verdict.passing == 1 else 'pass'}",
        f"{len(verdict.tampered)} protected touched" if verdict.tampered else "tests untouched",
    ]
    yield f"clean re-run in {safe_line(verdict.sandbox)}: {', '.join(filter(None, counts))}"


@describe.register
def _finished(event: Finished, width: int | None) -> Iterator[Piece]:
    meaning, hint = _EXITS[event.exit_code]
    if event.outcome == "done" and event.exit_code == ExitCode.OK:
        meaning = _PLANNED if event.reason == "plan" and not event.applied else _UNJUDGED
    elif event.outcome == "ended" and event.exit_code == ExitCode.NOT_FIXED:
        meaning = "what was asked for is not there"
    elif event.reason is None and event.exit_code == ExitCode.NOT_FIXED:
        # `fix --check` and `verify`: there was no task, and no budget.
        hint = "r1code fix lets a model repair what fails"
    if event.limit is not None and event.exit_code == ExitCode.BUDGET:
        flag = _FLAGS[event.limit]
        meaning = f"the limit {flag} is reached"
        hint = f"r1code resume {safe_line(event.session)} {flag} N goes on with a new limit N"
    elif event.exit_code == ExitCode.INTERRUPTED and _goes_on(event):
        hint = f"r1code resume {safe_line(event.session)} goes on"
    outcome = event.outcome.replace("_", " ")
    if event.outcome == "ended" and event.reason is not None:
        outcome = f"ended: {REASONS[event.reason][0]}"
    style: Style = "good" if event.exit_code == ExitCode.OK else "bad"
    session = f"session {safe_line(event.session)} · " if event.session else ""
    yield Piece("\n")
    yield Piece(wrapped(f"{session}{seconds(event.seconds)} · {told_spending(event.spent)}", width), "dim")
    yield Piece(wrapped(f"{outcome} · exit code {event.exit_code.value}: {meaning}", width), style)
    yield from told_known(event.known, width)
    following = " · ".join(filter(None, [_use(event), hint]))
    if following:
        yield line(f"next: {following}", "strong")


def _goes_on(event: Finished) -> bool:
    """Whether there is something to resume: a repair at any point, else a turn in which the model was asked."""
    return bool(event.session) and (event.outcome == "not_fixed" or event.spent.requests > 0)


def _use(event: Finished) -> str:
    """What to do with the patch. Never wrapped or cut: it is there to be copied."""
    if event.patch_file is None:
        return "git diff shows the patch, which is applied" if event.applied else ""
    file = safe_line(shlex.quote(event.patch_file))
    if event.applied:
        return "the patch is applied; r1code undo takes it back"
    if event.exit_code == ExitCode.OK and event.session:
        return f"r1code apply {safe_line(shlex.quote(event.session))}, or git apply {file}"
    return f"read the patch, {file}"
