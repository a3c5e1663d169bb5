"""Commits and branches."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.desk import Desk
from r1code.control import Control
from r1code.events import Event
from r1code.ui.lines import MARGIN, line
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said
from r1code.ui.safe import safe_line

_ALL = "--all"
_MOST_NAMED = 12


def _commit(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    first, _, rest = text.partition(" ")
    everything = first == _ALL
    message = rest.strip() if everything else text
    made = desk.commits.commit(message or None, control, everything=everything)
    yield line(f"{made.short} {safe_line(made.subject)}", "good")
    for path in made.paths[:_MOST_NAMED]:
        yield Piece(f"{MARGIN}{safe_line(path)}\n", "dim")
    if len(made.paths) > _MOST_NAMED:
        yield Piece(f"{MARGIN}… {len(made.paths) - _MOST_NAMED} more\n", "dim")


def _branch(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    here, head = desk.commits.branch(text or None)
    if text:
        yield from said(f"a new branch: {here}; files and staged changes are as they were")
    elif here is None:
        yield from said(f"(detached at {head[:10]})")
    else:
        yield Piece(f"{MARGIN}{safe_line(here)}\n")


DOES: dict[str, Does] = {
    "commit": _commit,
    "branch": _branch,
}
