"""What the files are, and were."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.checkpoints import as_table
from r1code.app.desk import Desk
from r1code.control import Control
from r1code.errors import UsageError
from r1code.events import Event
from r1code.tree.patch import Patch
from r1code.ui.diff import diff_lines, laid_out, marked
from r1code.ui.lines import MARGIN, line
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said
from r1code.ui.safe import safe_line

_MOST_NAMED = 12
_MOST_LINES = 400


def _diff(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    lines = list(diff_lines(desk.difference(text or None)))
    if not any(each.text for each in lines):
        yield from said("nothing is different")
        return
    for each in marked(lines[:_MOST_LINES]):
        yield from laid_out(each, MARGIN, None)
    if len(lines) > _MOST_LINES:
        yield line(
            f"{MARGIN}… {len(lines) - _MOST_LINES:,} more lines; `r1code diff` in a shell shows them", "dim"
        )


def _undo(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    words = text.split()
    _only(words, {"step", "turn", "--force"})
    patch = desk.undo(control, by="step" if "step" in words else "turn", force="--force" in words)
    yield from went(patch, "/redo brings it back")


def _redo(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    words = text.split()
    _only(words, {"--force"})
    yield from went(desk.redo(control, force=bool(words)), "/undo takes it back")


def _rewind(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    words = text.split()
    force = "--force" in words
    numbers = [word for word in words if word != "--force"]
    if len(numbers) != 1 or not numbers[0].isdecimal():
        raise UsageError("/rewind needs a number", why="it goes to a checkpoint", hint="/checkpoints lists them")
    yield from went(desk.rewind(int(numbers[0]), control, force=force), "/redo goes back")


def _checkpoints(desk: Desk, _: str, __: Control) -> Iterator[Event | Piece]:
    yield from said(as_table(desk.checkpoints()))


def went(patch: Patch, hint: str) -> Iterator[Piece]:
    """What was put back."""
    for path in patch.paths[:_MOST_NAMED]:
        yield Piece(f"{MARGIN}{safe_line(path)}\n", "dim")
    more = len(patch.paths) - _MOST_NAMED
    if more > 0:
        yield Piece(f"{MARGIN}… {more} more\n", "dim")
    files = "1 file" if len(patch.paths) == 1 else f"{len(patch.paths)} files"
    yield line(f"{files} put back · {hint}", "good")


def _only(words: list[str], known: set[str]) -> None:
    for word in words:
        if word not in known:
            raise UsageError(
                f"{word} means nothing here", why=f"it may be {', '.join(sorted(known))}", hint="/help"
            )


DOES: dict[str, Does] = {
    "diff": _diff,
    "undo": _undo,
    "redo": _redo,
    "rewind": _rewind,
    "checkpoints": _checkpoints,
}
