"""A session as one HTML page. Each text in it is cut, too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment
from msgspec import Struct

from r1code import __version__
from r1code.app.export import ChangedHunk, Document
from r1code.app.record import Call, Step
from r1code.types import Status, ToolCall
from r1code.ui.cost_bars import panels
from r1code.ui.describe import card
from r1code.ui.diff import DiffLine, marked
from r1code.ui.lines import seconds
from r1code.ui.pages import environment, written
from r1code.ui.piece import Style
from r1code.ui.record_words import called, cut, day, edited, ended, notes, outcome, spending
from r1code.ui.safe import safe, safe_line

_SHORT = 6
"""Lines of an observation that are shown without being unfolded."""
_CODE = re.compile(r"(`[^`\n]+`)")
_MARKS: Mapping[Status | None, str] = {"ok": "✓", "failed": "✗", "refused": "⊘", "interrupted": "!", None: "…"}
_SIGNS: Mapping[str, Style] = {"+": "added", "-": "removed", " ": "plain"}


class Row(Struct, frozen=True, kw_only=True):
    """A line of a diff."""

    sign: str
    parts: Sequence[tuple[bool, str]]
    """Whether the words changed, and the words."""
    number: int | None = None
    step: str = ""
    """Empty also where the line before has the same."""


def page(document: Document) -> str:
    """Complete HTML, as text that any encoding for pages can hold."""
    hunks = {
        hunk.id: f"h{at}" for at, hunk in enumerate((one for file in document.files for one in file.hunks), 1)
    }
    return written(
        _environment(),
        "page.html.jinja",
        doc=document,
        version=__version__,
        panels=panels(document.steps),
        anchors=hunks,
    )


@cache
def _environment() -> Environment:
    made = environment(lambda text: cut(safe(text)))
    made.filters.update(_FILTERS)
    made.tests.update(_TESTS)
    return made


def _card(call: Call) -> str:
    name, _, rest = card(ToolCall(id=call.id, name=call.name, arguments=call.arguments)).partition("  ")
    return rest if name else ""


def _is_folded(text: str) -> bool:
    return text.rstrip("\n").count("\n") >= _SHORT


def _start(text: str) -> str:
    """The first line, for whoever decides whether to unfold the rest."""
    return next((line.strip() for line in text.split("\n") if line.strip()), "")[:160]


def _spans(text: str) -> list[tuple[bool, str]]:
    """The text in parts: which are code, between backticks."""
    return [(bool(_CODE.fullmatch(part)), part) for part in _CODE.split(text.strip("\n")) if part]


def rows(hunk: ChangedHunk) -> Iterator[Row]:
    """The lines of a hunk, with the words that changed and who wrote them."""
    last = ""
    lines = [DiffLine(f"{one.sign}{safe(one.text)}", _SIGNS[one.sign]) for one in hunk.lines]
    for row, line in zip(_marked(lines), hunk.lines, strict=True):
        step = line.step if line.step != last else ""
        last = line.step
        number = line.new if line.new is not None else line.old
        yield Row(sign=row.sign, parts=row.parts, number=number, step=step)


def _is_step(part: object) -> bool:
    return isinstance(part, Step)


def _edits(call: Call) -> list[Row]:
    return [row for lines in edited(call) for row in _marked(lines)]


def _marked(lines: Sequence[DiffLine]) -> Iterator[Row]:
    for line in marked(lines):
        at, parts = 1, list[tuple[bool, str]]()
        for start, end in line.marks:
            parts += [(False, line.text[at:start]), (True, line.text[start:end])]
            at = end
        parts.append((False, line.text[at:]))
        yield Row(sign=line.text[:1], parts=[part for part in parts if part[1]])


_FILTERS: dict[str, Any] = {
    "called": called,
    "card": _card,
    "clock": day,
    "diff": rows,
    "edits": _edits,
    "ended": ended,
    "folded": _is_folded,
    "mark": _MARKS.__getitem__,
    "note": notes,
    "number": "{:,}".format,
    "oneline": safe_line,
    "outcome": outcome,
    "seconds": seconds,
    "spans": _spans,
    "spending": spending,
    "start": _start,
}
_TESTS: dict[str, Any] = {"step": _is_step}
