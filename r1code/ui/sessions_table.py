"""Sessions in words: a list, what a search found, and one of them with its turns and steps."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from r1code.app.sessions.info import SessionInfo
from r1code.app.sessions.search import Found
from r1code.app.sessions.view import SessionView, Step, Turn
from r1code.ui.safe import safe_line
from r1code.ui.spending import told_spending

_HEAD = ("session", "used", "turns", "cost", "ended", "branch", "title")
_TITLE, _NAME = 72, 24
"""Characters that are shown of a title, and of a branch."""
_LINE = 100
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_UNITS = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"))
_BYTES = 1000.0


def told_sessions(infos: Sequence[SessionInfo], *, now: float, roots: bool = False) -> str:
    """A row for each; `roots`: with the project of each."""
    rows = [_HEAD, *(_row(one, now) for one in infos)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines: list[str] = []
    for row, info in zip(rows, [None, *infos], strict=True):
        cells = (f"{cell:<{width}}" for cell, width in zip(row[:-1], widths, strict=False))
        root = f"  {safe_line(info.root)}" if roots and info is not None and info.root else ""
        lines.append(f"{'  '.join(cells)}  {row[-1]}{root}".rstrip())
    return "\n".join(lines)


def told_found(found: Sequence[Found], words: str, *, now: float) -> str:
    """Each session with the line that was found."""
    table = told_sessions([one.session for one in found], now=now).splitlines()
    lines = [table[0]]
    for row, one in zip(table[1:], found, strict=True):
        lines += [row, f"    {one.by}: {_around(one.line, words)}"]
    return "\n".join(lines)


def told_view(view: SessionView) -> str:
    return "\n".join(_view(view))


def age(seconds: float) -> str:
    """How long ago something was, in its largest unit."""
    return next((f"{int(seconds // size)} {unit}" for size, unit in _UNITS if seconds >= size), "now")


def size(count: int) -> str:
    amount, units = float(count), ["B", "kB", "MB", "GB"]
    while amount >= _BYTES and len(units) > 1:
        amount, units = amount / _BYTES, units[1:]
    return f"{amount:.0f} {units[0]}"


def told_cost(info: SessionInfo) -> str:
    """`-`: nothing, or not known."""
    return "; ".join(f"{bill.total:.4f} {bill.currency}" for bill in info.spent.bills) or "-"


def how_ended(info: SessionInfo) -> str:
    """In a word or two."""
    if info.damaged:
        return "damaged"
    if info.in_use:
        return "in use"
    if info.forked and not info.spent.requests:
        return "forked"
    return (info.verdict or info.ended or "interrupted").replace("_", " ")


def _row(info: SessionInfo, now: float) -> tuple[str, ...]:
    return (
        safe_line(info.id),
        age(now - info.used) if info.used else "",
        f"{info.turns}",
        told_cost(info),
        how_ended(info),
        _short(info.branch, _NAME) or "-",
        _short(info.damaged or info.title, _TITLE),
    )


def _short(text: str, most: int) -> str:
    shown = safe_line(text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _around(line: str, words: str) -> str:
    """As much of a line as is worth showing, with the first of the words that are in it."""
    lower = line.casefold()
    first = min((at for word in words.casefold().split() if (at := lower.find(word)) >= 0), default=0)
    start = max(0, min(first - _LINE // 3, len(line) - _LINE))
    shown = line[start : start + _LINE].strip()
    return f"{'…' if start else ''}{safe_line(shown)}{'…' if start + _LINE < len(line) else ''}"


def _view(view: SessionView) -> Iterator[str]:
    info = view.session
    yield f"session  {safe_line(info.id)}"
    rows = {
        "title": info.title,
        "project": info.root,
        "branch": info.branch,
        "profile": info.profile,
        "from": info.forked and f"a fork of {info.forked}",
        "replays": info.replays,
        "begun": _when(info.started),
        "used": _when(info.used),
        "ended": how_ended(info),
        "size": size(info.bytes),
    }
    for name, text in rows.items():
        if text:
            yield f"{name:<7}  {safe_line(text)}"
    if info.spent.requests:
        yield f"spent    {told_spending(info.spent)}"
    for number, turn in enumerate(view.turns, start=1):
        yield ""
        yield from _turn(number, turn)


def _turn(number: int, turn: Turn) -> Iterator[str]:
    yield f"turn {number}: {_short(turn.task.strip().partition(chr(10))[0], _LINE) or '(no task in words)'}"
    yield from (f"  {step.number:>3}  {_did(step)}" for step in turn.steps)
    if turn.ended is not None:
        said = _short(" ".join(turn.text.split()), _LINE)
        verdict = f" ({turn.verdict.replace('_', ' ')})" if turn.verdict else ""
        yield f"  {turn.ended.replace('_', ' ')}{verdict}{f': {said}' if said else ''}"


def _did(step: Step) -> str:
    done = [f"{_short(one.what, _TITLE)}: {one.status or 'nothing came of it'}" for one in step.did]
    return "; ".join(done) or "no action"


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
