"""A session as Markdown. What is not ours stands in code, which nothing in it can end."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from r1code import __version__
from r1code.app.export import ChangedFile, Document
from r1code.app.record import Call, Note, Step, Turn
from r1code.types import ToolCall, Verdict
from r1code.ui.describe import card
from r1code.ui.lines import seconds
from r1code.ui.record_words import cut, day, edited, ended, notes, outcome, spending
from r1code.ui.safe import safe, safe_line

_WIDTH = 100
"""Of prose, whose lines would else have no end: in a fence nothing wraps them."""
_TICKS = re.compile("`+")


def markdown(document: Document) -> str:
    return "\n\n".join(_parts(document)) + "\n"


def _parts(document: Document) -> Iterator[str]:
    yield f"# Session {code(document.session)}"
    yield fence(document.task, wrap=True)
    facts = (
        f"outcome: {outcome(document.outcome)}",
        f"began {day(document.began)}, {seconds(document.seconds)}",
        f"profile {code(document.profile)}",
        f"{len(document.steps)} steps, {len(document.files)} files changed",
        spending(document.spent),
    )
    yield "\n".join(f"- {fact}" for fact in facts if fact)
    for text in document.lost:
        yield f"Not in here: {code(text)}"
    if document.files:
        yield "## Changes"
        for file in document.files:
            yield from _file(file)
    if document.tests or document.verdicts:
        yield "## Tests"
        for ran in document.tests:
            report = ran.report
            told = f"{len(report.passed)} passed, {len(report.failed)} failed"
            yield f"On the tree as it was, {code(ran.command)}: {told}."
            yield from _names("failed before", report.failed)
        for one in document.verdicts:
            yield from _verdict(one.verdict)
    for turn in document.turns:
        yield from _turn(turn)
    hidden = f"{document.secrets} secrets are hidden" if document.secrets else "no secret was found in it"
    yield f"---\n\nMade by r1code {__version__} from the session's log; {hidden}."


def _file(file: ChangedFile) -> Iterator[str]:
    mode = f", mode {file.old_mode} → {file.new_mode}" if file.new_mode else ""
    yield f"### {code(file.path)} ({file.did}{mode})"
    for hunk in file.hunks:
        by = ", ".join(f"[step {step}](#step-{step.replace('.', '')})" for step in hunk.steps)
        yield f"Why: {by}" if by else "Not by a step"
        if hunk.lines:
            yield fence("\n".join(f"{line.sign}{line.text}" for line in hunk.lines), "diff")


def _verdict(verdict: Verdict) -> Iterator[str]:
    where = f", by a clean re-run in {code(verdict.sandbox)}" if verdict.sandbox else ""
    yield f"**Verdict: {outcome(verdict.outcome)}**{where}"
    if verdict.why:
        yield fence(verdict.why, wrap=True)
    yield from _names("fixed", verdict.fixed)
    yield from _names("still failing", verdict.still_failing)
    yield from _names("broken", verdict.broken)
    yield from _names("flaky", verdict.flaky)
    yield from _names("protected files touched", verdict.tampered)


def _names(title: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        yield "\n".join([f"{title}:", "", *(f"- {code(name)}" for name in names)])


def _turn(turn: Turn) -> Iterator[str]:
    yield f"## Turn {turn.number}"
    for part in turn.parts:
        yield from _step(part) if isinstance(part, Step) else _note(part)
    if turn.ended is not None:
        yield " · ".join(filter(None, (f"Turn ended: {ended(turn.ended)}", spending(turn.spent))))


def _note(note: Note) -> Iterator[str]:
    title = notes(note).capitalize()
    yield _folded(title, note.text) if note.text.strip() else title


def _step(step: Step) -> Iterator[str]:
    yield f"### Step {step.id}"
    facts = [spending(step.spent), "undone" if step.is_undone else ""]
    if told := " · ".join(filter(None, facts)):
        yield told
    if step.reasoning.strip():
        yield _folded(f"Reasoning, {len(step.reasoning.split()):,} words", step.reasoning)
    if step.said.strip():
        yield fence(step.said, wrap=True)
    for call in step.calls:
        yield from _call(call)
    if step.ending.kind != "none":
        yield f"**{step.ending.kind}**"
        if step.ending.text.strip():
            yield fence(step.ending.text, wrap=True)


def _call(call: Call) -> Iterator[str]:
    told = card(ToolCall(id=call.id, name=call.name, arguments=call.arguments))
    yield f"**{call.status or 'open'}** {code(told)}"
    for lines in edited(call):
        yield fence("\n".join(line.text for line in lines), "diff")
    if call.text.strip():
        yield _folded("Observation", call.text, wrap=False)


def _folded(title: str, text: str, *, wrap: bool = True) -> str:
    return f"<details><summary>{title}</summary>\n\n{fence(text, wrap=wrap)}\n\n</details>"


def fence(text: str, language: str = "text", *, wrap: bool = False) -> str:
    shown = cut(safe(text)).strip("\n")
    if wrap:
        lines = (
            textwrap.wrap(line, _WIDTH, replace_whitespace=False, drop_whitespace=True)
            for line in shown.split("\n")
        )
        shown = "\n".join("\n".join(each) for each in lines)
    # Longer than any in it, and at the start of a line of ours.
    ticks = "`" * max(3, 1 + max(map(len, _TICKS.findall(shown)), default=0))
    return f"{ticks}{language}\n{shown}\n{ticks}"


def code(text: str) -> str:
    """On one line. A bar would end a cell of a table."""
    shown = cut(safe_line(text))
    ticks = "`" * (1 + max(map(len, _TICKS.findall(shown)), default=0))
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"
