"""What a session's record says in words, for a page and for a text alike. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import cast

from r1code.app.record import Call, End, Note, NoteKind, Step
from r1code.types import Outcome, Spent
from r1code.ui.describe import REASONS
from r1code.ui.diff import DiffLine
from r1code.ui.lines import seconds
from r1code.ui.piece import Style
from r1code.ui.safe import safe
from r1code.ui.spending import number, told_money

LONGEST = 2_000
"""Characters of a line: of a longer one the middle is left out."""
_KEPT = 900, 300
_MOST = 400_000
"""Characters of one text."""
_SIGNS: dict[str, Style] = {"+": "added", "-": "removed", "@": "hunk"}
_NOTES: dict[NoteKind, str] = {
    "task": "the task, as the model was given it",
    "steer": "a person said",
    "handed": "handed on",
    "tests": "told what its changes broke",
    "answer": "the answer was asked for again",
    "interrupted": "interrupted",
    "mode": "what the model may do",
    "instructions": "instructions of the project",
    "rejected": "the reply was not accepted; the model was told",
    "nudge": "the reply had no action and no ending; the model was told",
    "stuck": "it went in circles; the model was told",
    "resumed": "a person let the turn go on",
    "undone": "a person went back to an earlier state",
    "switched": "who answers from here on",
    "planned": "the plan",
    "compacted": "the conversation was shortened; this stands for what was left out",
}
_OUTCOMES: dict[Outcome, str] = {
    "fixed": "fixed",
    "unbroken": "nothing broke",
    "not_fixed": "not fixed",
    "nothing_to_fix": "nothing to fix",
    "cannot_reproduce": "cannot reproduce",
    "tampered": "protected files, or what runs the tests, were changed",
    "flaky": "flaky",
    "not_solvable": "not solvable as stated",
}


def cut(text: str) -> str:
    """`text` without the middle of lines that nobody could read, and without what is too much."""
    if len(text) <= LONGEST:
        return text
    shown = "\n".join(map(_cut_line, text.split("\n")))
    left_out = len(shown) - _MOST
    return shown if left_out <= 0 else f"{shown[:_MOST]}\n[... {left_out:,} characters left out ...]"


def _cut_line(line: str) -> str:
    if len(line) <= LONGEST:
        return line
    head, tail = _KEPT
    return f"{line[:head]}[... {len(line) - head - tail:,} characters left out ...]{line[-tail:]}"


def day(at: float) -> str:
    """With its time, as the clock of this machine has it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def outcome(found: Outcome | None) -> str:
    return "no verdict" if found is None else _OUTCOMES[found]


def notes(note: Note) -> str:
    """What a note is, above its text."""
    return _NOTES[note.kind]


def ended(end: End) -> str:
    return f"{REASONS[end.reason][0]} after {seconds(end.seconds)}"


def called(step: Step) -> str:
    """What a step did, in a few words."""
    names = dict.fromkeys(call.name for call in step.calls)
    return ", ".join(names) or step.ending.kind.replace("none", "no action")


def spending(spent: Spent) -> str:
    """What a step used, short. Empty: no request of it is known."""
    if not spent.requests:
        return ""
    money = "; ".join(told_money(spent))
    return " · ".join(
        filter(None, (f"{number(spent.prompt)} tokens read, {number(spent.completion)} written", money))
    )


def edited(call: Call) -> Iterator[list[DiffLine]]:
    """What a call writes, as lines of diffs, one for each place."""
    given = call.arguments
    content = str(given.get("content", ""))
    if isinstance(edits := given.get("edits"), list):
        for one in cast("list[object]", edits):
            if isinstance(one, dict):
                block = cast("dict[str, object]", one)
                yield _block(str(block.get("search", "")), str(block.get("replace", "")))
    elif call.name == "patch":
        yield [DiffLine(safe(line) or " ", _style(line)) for line in content.rstrip("\n").split("\n")]
    elif content:
        yield _block("", content)


def _style(line: str) -> Style:
    return _SIGNS.get(line[:1], "plain")


def _block(old: str, new: str) -> list[DiffLine]:
    """Lines at the ends that are the same in both are there to find the place."""
    before, after = (safe(text).removesuffix("\n").split("\n") if text else [] for text in (old, new))
    start = _same(before, after)
    end = min(_same(before[::-1], after[::-1]), min(len(before), len(after)) - start)
    same = [DiffLine(f" {line}", "plain") for line in before]
    removed = [DiffLine(f"-{line}", "removed") for line in before[start : len(before) - end]]
    added = [DiffLine(f"+{line}", "added") for line in after[start : len(after) - end]]
    return [*same[:start], *removed, *added, *same[len(before) - end :]]


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count
