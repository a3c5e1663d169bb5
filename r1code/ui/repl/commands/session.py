"""The session, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from r1code.app.desk import Desk
from r1code.control import Control
from r1code.errors import BudgetExhausted, UsageError
from r1code.events import Event
from r1code.ui.cost_table import told_session
from r1code.ui.export import format_of, rendered, write
from r1code.ui.flow import cells
from r1code.ui.lines import MARGIN, line
from r1code.ui.map_reasons import told_reasons
from r1code.ui.messages import localized
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.pinning import pinned
from r1code.ui.repl.commands.words import Does, said
from r1code.ui.safe import safe
from r1code.ui.why import told as told_why

_BAR = 40
_WIDTH = 100


def _context(desk: Desk, _: str, __: Control) -> Iterator[Event | Piece]:
    parts, window = desk.context(), desk.model[2]
    whole = sum(tokens for _, tokens in parts)
    room = window or max(whole, 1)
    names = [localized(name) for name, _ in (*parts, ("all", whole))]
    width = max(map(cells, names))
    *heads, last = (f"{MARGIN}{name}{' ' * (width - cells(name))}" for name in names)
    for head, (_, tokens) in zip(heads, parts, strict=True):
        yield line(f"{head}  {tokens:>8,}  {'█' * round(_BAR * tokens / room)}")
    of = "of a window that nobody stated" if window is None else f"of {window:,} ({whole / window:.0%})"
    yield line(f"{last}  {whole:>8,}  {localized(of)}", "dim")
    yield from pinned(desk)


def _map(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    name, path = [*text.split(maxsplit=1), "", ""][:2]
    if name == "why" and path:
        path = path.strip().removeprefix("@")
        yield from said("\n".join(told_reasons(path, desk.why_of_file(path))))
        return
    if text:
        raise UsageError(
            f"/map {text} means nothing", why="it is /map, or /map why FILE", hint="/map why src/app.py"
        )
    yield from said(desk.map() or "there is no map yet: it is made for the first task")


def _why(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    if not text:
        raise UsageError("/why needs a place", why="it is about one line", hint="/why src/app.py:12")
    yield from told_why(desk.why(text), _WIDTH)


def _cost(desk: Desk, _: str, __: Control) -> Iterator[Event | Piece]:
    yield Piece("".join(f"{MARGIN}{row}\n" for row in safe(told_session(desk.cost())).split("\n")))


def _compact(desk: Desk, _: str, control: Control) -> Iterator[Event | Piece]:
    try:
        yield from desk.conversation.compact(control)
    except BudgetExhausted as reached:
        yield from said(f"it stays as long as it is: {reached}")


def _clear(desk: Desk, _: str, __: Control) -> Iterator[Event | Piece]:
    desk.clear()
    yield from said("the model begins anew; files stay as they are, and the log keeps what was said")


def _export(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    words = text.split()
    names = [word for word in words if word != "--force"]
    if len(names) != 1:
        raise UsageError("/export needs a file", why="it writes one", hint="/export session.html")
    document = desk.export()
    write(rendered(document, format_of(names[0])), Path(names[0]), force="--force" in words)
    for lost in document.lost:
        yield from said(f"not in it: {lost}")
    yield from said(f"{names[0]} is written; {document.secrets} secrets are hidden in it")


def _rename(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    desk.rename(text)
    yield from said(f"this session is called {text}")


def _notes(desk: Desk, _: str, __: Control) -> Iterator[Event | Piece]:
    notes = desk.conversation.notes
    for note in notes:
        yield from said(f"- {note}")
    if not notes:
        yield from said("the model noted nothing; what it notes no compaction takes away")


DOES: dict[str, Does] = {
    "context": _context,
    "notes": _notes,
    "map": _map,
    "why": _why,
    "cost": _cost,
    "compact": _compact,
    "clear": _clear,
    "export": _export,
    "rename": _rename,
}
