"""A session to look at: its turns, and their steps with the numbers that a fork names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from r1code.app.sessions.info import SessionInfo, info_of
from r1code.log import Called, Continued, Ended, Entry, Judged, Observed, Opened, Replied, Said
from r1code.log_file import entries_of, head_of, path_of
from r1code.types import EndReason, Outcome, Status, ToolCall

_ABOUT = ("path", "command", "pattern", "selection")


class Did(Struct, frozen=True, kw_only=True):
    what: str
    """The tool, and what it was about."""
    status: Status | None = None
    """None: nothing came of it yet."""


class Step(Struct, frozen=True, kw_only=True):
    number: int
    """From 1, through the whole history."""
    last: int
    """The entry of the log that it ends with."""
    did: tuple[Did, ...] = ()


class Turn(Struct, frozen=True, kw_only=True):
    task: str
    steps: tuple[Step, ...] = ()
    ended: EndReason | None = None
    text: str = ""
    """How it ended, in words."""
    verdict: Outcome | None = None


class SessionView(Struct, frozen=True, kw_only=True):
    session: SessionInfo
    turns: tuple[Turn, ...]
    """Of the history: what was undone, and other attempts, are not in it."""


def view_of(folder: Path) -> SessionView:
    """The session in `folder`, also while it runs. Raises StateError for a log that is damaged."""
    entries = entries_of(folder)
    return SessionView(session=info_of(folder), turns=turns_of(path_of(entries, head_of(entries))))


def turns_of(path: Sequence[Entry]) -> tuple[Turn, ...]:
    """What a history tells of turns and steps."""
    turns: list[Turn] = []
    number = 0
    for entry in path:
        item = entry.item
        if isinstance(item, Opened | Continued):
            turns.append(Turn(task=item.task))
        elif isinstance(item, Said) and item.origin == "task" and turns[-1].ended is not None:
            turns.append(Turn(task=item.text))
        elif isinstance(item, Replied):
            number += 1
            fresh = Step(number=number, last=entry.id)
            turns[-1] = replace(turns[-1], steps=(*turns[-1].steps, fresh))
        elif isinstance(item, Ended):
            turns[-1] = replace(turns[-1], ended=item.reason, text=item.text)
        elif isinstance(item, Judged):
            turns[-1] = replace(turns[-1], verdict=item.verdict.outcome)
        elif turns[-1].steps:
            *others, last = turns[-1].steps
            turns[-1] = replace(turns[-1], steps=(*others, _went_on(last, entry)))
    return tuple(turns)


def steps_of(turns: Iterable[Turn]) -> list[Step]:
    return [step for turn in turns for step in turn.steps]


def _went_on(step: Step, entry: Entry) -> Step:
    """The step with another entry, if it belongs to it: its calls, and what the reply was answered with."""
    item = entry.item
    if isinstance(item, Called):
        return replace(step, last=entry.id, did=(*step.did, Did(what=_named(item.call))))
    if isinstance(item, Observed):
        done, status = list(step.did), item.observation.status
        at = next((at for at, one in enumerate(done) if one.status is None), None)
        if at is not None:
            done[at] = replace(done[at], status=status)
        return replace(step, last=entry.id, did=tuple(done))
    if isinstance(item, Said) and item.origin in {"rejected", "nudge", "stuck"}:
        return replace(step, last=entry.id)
    return step


def _named(call: ToolCall) -> str:
    about = next((str(call.arguments[key]) for key in _ABOUT if key in call.arguments), "")
    return f"{call.name} {about.strip().partition(chr(10))[0]}".strip()
