"""What is changed, hunk by hunk."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.desk import Desk
from r1code.control import Control
from r1code.errors import UsageError
from r1code.events import Event
from r1code.tree.choices import Choices, Decision
from r1code.tree.hunks import Review
from r1code.ui.lines import MARGIN, line
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.files import went
from r1code.ui.repl.commands.words import Does, said
from r1code.ui.review import heading, hunk_pieces, unified
from r1code.ui.safe import safe_line

_MOST = 60
"""Hunks that are shown at once."""
_KEYS = {
    "y": "keep it",
    "n": "take it back",
    "s": "split it",
    "a": "keep all that are left",
    "d": "take back all that are left",
    "q": "quit: change nothing",
}
_ONE: dict[str, Decision] = {"y": "yes", "n": "no", "s": "split"}
_REST: dict[str, Decision] = {"a": "yes", "d": "no"}
_NONE = "nothing is changed"


def _review(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    word, _, rest = text.partition(" ")
    rest = rest.strip()
    if word in {"keep", "drop"}:
        if not rest:
            raise UsageError(
                f"/review {word} needs numbers", why="it is about hunks", hint=f"/review {word} 1,3-5"
            )
        yield from _settled(desk, desk.review.named(rest, keep=word == "keep"))
    elif word == "pick":
        yield from _pick(desk, rest, control)
    elif word == "ask":
        yield from desk.review.ask(rest, control, measure=desk.measure, most=desk.room.prompt // 2)
    else:
        yield from _show(desk, text)


def _show(desk: Desk, since: str) -> Iterator[Event | Piece]:
    shown = desk.review.shown(desk.review.look(since))
    hunks = shown.hunks
    if not hunks:
        yield from said(_NONE)
        return
    if len(hunks) <= _MOST:
        yield from unified(shown, None, words=False)
    else:
        for file in shown.files:
            numbers = [hunk.number for hunk in file.hunks]
            yield line(f"{MARGIN}hunks {numbers[0]} to {numbers[-1]}  {safe_line(file.change.path)}")
    hint = "/review drop N takes hunks back · keep N the others · pick asks · ask lets the model look"
    yield line(f"{MARGIN}{hint}", "dim")


def _pick(desk: Desk, since: str, control: Control) -> Iterator[Event | Piece]:
    choices = Choices(review=desk.review.look(since))
    if not choices.review.hunks:
        yield from said(_NONE)
        return
    shown = desk.review.shown(choices.review)
    rest: Decision | None = None
    while (hunk := choices.current) is not None:
        decision = rest
        if decision is None:
            yield from _one(shown, hunk.id)
            key = desk.around.ask(f"Keep hunk {hunk.number} of {safe_line(hunk.path)}?", "", _KEYS, control)
            if key not in _KEYS or key == "q":
                yield from said("nothing was changed")
                return
            rest = _REST.get(key)
            decision = rest or _ONE[key]
        decided = choices.decided(decision)
        if decision == "split":
            shown = shown.split(hunk.id)
            if decided == choices:
                yield from said("it has no smaller parts")
        choices = decided
    yield from _settled(desk, choices)


def _one(shown: Review, name: str) -> Iterator[Piece]:
    hunk = next(one for one in shown.hunks if one.id == name)
    file = shown.file(hunk)
    yield from heading(file, None)
    yield from hunk_pieces(file, hunk, None)


def _settled(desk: Desk, choices: Choices) -> Iterator[Piece]:
    patch = desk.review.settle(choices)
    if patch:
        yield from went(patch, "/undo brings it back; the model is told with your next message")
    else:
        yield from said("all of it stays")


DOES: dict[str, Does] = {"review": _review}
