"""Why a line is as it is, in words: from what happened down to what the model had seen."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from r1code.app.passages import Seen
from r1code.app.why import Why
from r1code.types import ToolCall
from r1code.ui.describe import card
from r1code.ui.lines import MARGIN, block, line, more
from r1code.ui.piece import Piece, Style
from r1code.ui.safe import safe_line

_OWN = ("edit ", "fix: ", "apply ")
"""How changes are called that calls make themselves."""
_SAID_LINES = 12
_REASONING_LINES = 40


def told(why: Why, width: int | None) -> Iterator[Piece]:
    """Whole lines, for a terminal of `width` columns or for none."""
    yield line(f"{safe_line(why.file)}:{why.line}", "strong", width)
    yield from (piece for old in why.replaced for piece in _code(f"- {old}", "removed", width))
    yield from _code(f"{'+' if why.kind == 'changed' else ' '} {why.text}", _style(why), width)
    if why.was:
        yield line(f"the file was {', '.join(map(safe_line, why.was))} before", "dim", width)
    yield line(_origin(why), "plain", width)
    if why.lost:
        yield line(f"more is not known: {safe_line(why.lost)}", "warn", width)
    if why.call is not None:
        call = ToolCall(id=why.call.id, name=why.call.name, arguments=why.call.arguments)
        yield line(f"by {card(call)}{_then(why)}", "plain", width)
    yield from _part("it thought" + (", among other things" if why.is_part else ""), why.reasoning, width)
    yield from _part("it said", why.said, width, _SAID_LINES)
    for seen in why.seen:
        yield from _seen(seen, width)
    if why.step:
        yield Piece("\n")
        session = safe_line(why.session)
        yield line(f"the whole step: r1code export {session} --step {why.step}", "dim")


def _then(why: Why) -> str:
    """What a formatter did is a change of its own, though it belongs to the edit."""
    is_known = why.call is None or why.what.startswith((*_OWN, f"{why.call.name} "))
    return "" if is_known else f", then {safe_line(why.what)}"


def _style(why: Why) -> Style:
    return "added" if why.kind == "changed" else "plain"


def _code(text: str, style: Style, width: int | None) -> Iterator[Piece]:
    yield line(f"{MARGIN}{safe_line(text.expandtabs(4))}", style, width)


def _origin(why: Why) -> str:
    if why.kind == "older":
        commit = why.commit
        if commit is None:
            return "older than all that r1code did to this file and still knows of"
        if not commit.id:
            return "not r1code's: it was there, uncommitted, before r1code changed the file"
        day = "" if commit.time is None else f" of {time.strftime('%Y-%m-%d', time.localtime(commit.time))}"
        return f"not r1code's: it came with the commit {commit.id[:10]}{day}: {safe_line(commit.subject)}"
    if why.kind == "outside":
        if why.what and why.checkpoint is not None:
            return f"not written by a model: checkpoint {why.checkpoint}, {safe_line(why.what)}"
        after = "" if why.checkpoint is None else f", since checkpoint {why.checkpoint}"
        return f"changed outside of r1code{after}"
    when = "" if why.time is None else f", {time.strftime('%Y-%m-%d %H:%M', time.localtime(why.time))}"
    turn, _, step = why.step.partition(".")
    where = f"turn {turn}, step {step} of " if why.step else ""
    return f"{where}session {safe_line(why.session)}: checkpoint {why.checkpoint}{when}"


def _part(name: str, text: str, width: int | None, lines: int = _REASONING_LINES) -> Iterator[Piece]:
    if text.strip():
        yield Piece("\n")
        yield line(f"{name}:", "strong", width)
        yield from block(text, lines, width)


def _seen(seen: Seen, width: int | None) -> Iterator[Piece]:
    yield Piece("\n")
    where = f"step {seen.step}" if seen.step else "the task"
    yield line(f"it had seen, in {where}: {safe_line(seen.what)}", "strong", width)
    yield from block(_joined(seen.lines), len(seen.lines), width, "dim")
    if seen.left_out:
        yield line(f"{MARGIN}{more(seen.left_out)}", "dim", width)


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines)
