"""A session's log as people speak of it: turns, their steps, and what came of each call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from r1code.dialects.text import read_again
from r1code.errors import StateError
from r1code.log import (
    AnyItem,
    Asked,
    Called,
    Compacted,
    Ended,
    Entry,
    Judged,
    Observed,
    Opened,
    Planned,
    Replied,
    Resumed,
    Rewound,
    Said,
    Switched,
    Tested,
)
from r1code.log_file import LOG, entries_of, is_history
from r1code.plan import render
from r1code.tools.writes import WRITES
from r1code.types import Arguments, Cut, Ending, EndReason, Finish, Limit, Spent, Status, TestReport, Verdict

NoteKind = Literal[
    "task", "steer", "handed", "mode", "instructions", "rejected", "nudge", "stuck", "resumed", "undone",
    "switched", "planned", "compacted", "tests", "answer", "interrupted",
]  # fmt: skip
_WRITES = frozenset(tool.name for tool in WRITES)


class Call(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    arguments: Arguments
    status: Status | None = None
    """None: nothing came of it yet."""
    text: str = ""
    """The observation, as the model saw it first."""
    display: str = ""
    """The same in a few words, where the tool has such."""

    @property
    def writes(self) -> bool:
        """Whether it changed files by itself, as far as it said."""
        return self.name in _WRITES and self.status == "ok"


class Note(Struct, frozen=True, kw_only=True, tag_field="part", tag="note"):
    """What happened between steps; `text` for the most part is what the model was told."""

    kind: NoteKind
    text: str = ""
    time: float


class Step(Struct, frozen=True, kw_only=True, tag_field="part", tag="step"):
    """One reply of the model, and what came of it."""

    id: str
    """Turn and number, like `1.2`."""
    turn: int
    number: int
    """As `r1code cost` counts: in the turn, from 1."""
    entry: int
    """Its reply in the log."""
    time: float
    profile: str
    reasoning: str = ""
    said: str = ""
    """What it wrote outside of its actions."""
    ending: Ending = Ending()
    text: str = ""
    """The whole answer, its actions included, word for word."""
    finish: Finish = "stop"
    cut: Cut | None = None
    calls: tuple[Call, ...] = ()
    is_undone: bool = False
    """A person took it back."""
    spent: Spent = Spent()
    """By its requests, the failed ones too."""
    hunks: tuple[str, ...] = ()
    """What it changed, by id."""


class End(Struct, frozen=True, kw_only=True):
    """How a turn ended."""

    reason: EndReason
    text: str
    seconds: float
    limit: Limit | None = None


class Turn(Struct, frozen=True, kw_only=True):
    number: int
    parts: tuple[Note | Step, ...] = ()
    ended: End | None = None
    """None: it goes on, or the process died."""
    spent: Spent = Spent()

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(part for part in self.parts if isinstance(part, Step))


class Ran(Struct, frozen=True, kw_only=True):
    """All tests on the tree as it was."""

    entry: int
    command: str
    report: TestReport


class Judgement(Struct, frozen=True, kw_only=True):
    entry: int
    verdict: Verdict


class Record(Struct, frozen=True, kw_only=True):
    """One session."""

    session: str
    folder: Path
    time: float
    """When it began, in seconds since the epoch."""
    opened: Opened
    turns: tuple[Turn, ...] = ()
    tests: tuple[Ran, ...] = ()
    verdicts: tuple[Judgement, ...] = ()
    entries: tuple[Entry, ...] = ()
    """The log itself."""

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for turn in self.turns for step in turn.steps)

    def step(self, entry: int) -> Step | None:
        return next((step for step in self.steps if step.entry == entry), None)


def record_of(folder: Path) -> Record:
    """The session in `folder`, also while it runs. Raises StateError."""
    if not (folder / LOG).is_file():
        raise StateError(
            f"there is no session {folder.name}",
            why=f"{folder} has no log of one",
            hint="`r1code checkpoints list --json` names the sessions that changed something here",
        )
    entries = entries_of(folder)
    opened = entries[0].item
    if not isinstance(opened, Opened):
        raise TypeError("a log begins with Opened")
    reading = _Reading(opened.profile, _undone(entries))
    for entry in entries:
        reading.take(entry)
    return Record(
        session=folder.name,
        folder=folder,
        time=entries[0].time,
        opened=opened,
        turns=tuple(reading.turns()),
        tests=tuple(
            Ran(entry=one.id, command=one.item.command, report=one.item.report)
            for one in entries
            if isinstance(one.item, Tested)
        ),
        verdicts=tuple(
            Judgement(entry=one.id, verdict=one.item.verdict) for one in entries if isinstance(one.item, Judged)
        ),
        entries=entries,
    )


class _Reading:
    def __init__(self, profile: str, undone: set[int]) -> None:
        self._profile = profile
        self._undone = undone
        self._turns: list[Turn] = []
        self._parts: list[Note | Step] = []
        self._asked = 0

    def take(self, entry: Entry) -> None:
        item = entry.item
        if isinstance(item, Replied):
            self._reply(entry, item)
        elif isinstance(item, Asked):
            self._asked = item.step
        elif isinstance(item, Called):
            call = Call(id=item.call.id, name=item.call.name, arguments=item.call.arguments)
            self._change(lambda step: replace(step, calls=(*step.calls, call)))
        elif isinstance(item, Observed):
            self._observe(item)
        elif isinstance(item, Ended):
            end = End(reason=item.reason, text=item.text, seconds=item.seconds, limit=item.limit)
            self._close(end)
        else:
            if isinstance(item, Switched):
                self._profile = item.profile
            if (note := _note(entry, item)) is not None:
                self._parts.append(note)

    def turns(self) -> Iterator[Turn]:
        if self._parts:
            self._close(None)
        yield from self._turns

    def _close(self, end: End | None) -> None:
        self._turns.append(Turn(number=len(self._turns) + 1, parts=tuple(self._parts), ended=end))
        self._parts, self._asked = [], 0

    def _reply(self, entry: Entry, item: Replied) -> None:
        turn = len(self._turns) + 1
        # Logs of before 0.2 have no requests.
        number = self._asked or 1 + sum(isinstance(part, Step) for part in self._parts)
        read = read_again(item.text)
        step = Step(
            id=f"{turn}.{number}",
            turn=turn,
            number=number,
            entry=entry.id,
            time=entry.time,
            profile=self._profile,
            reasoning=item.reasoning,
            said=item.text.strip() if read is None else read.prose,
            ending=Ending() if read is None else read.ending,
            text=item.text,
            finish=item.finish,
            cut=item.cut,
            is_undone=entry.id in self._undone,
        )
        # A second reply to the same question: the step has two.
        same = sum(isinstance(part, Step) and part.number == number for part in self._parts)
        self._parts.append(replace(step, id=f"{step.id}.{same + 1}") if same else step)

    def _change(self, change: Callable[[Step], Step]) -> None:
        at = next((at for at, part in enumerate(reversed(self._parts), 1) if isinstance(part, Step)), None)
        if at is not None and isinstance(step := self._parts[-at], Step):
            self._parts[-at] = change(step)

    def _observe(self, item: Observed) -> None:
        seen = item.observation

        def told(call: Call) -> Call:
            if call.id != seen.call_id:
                return call
            return replace(call, status=seen.status, text=seen.text, display=seen.display)

        self._change(lambda step: replace(step, calls=tuple(map(told, step.calls))))


def _note(entry: Entry, item: AnyItem) -> Note | None:
    found: tuple[NoteKind, str] | None = None
    if isinstance(item, Said):
        found = item.origin, item.text
    elif isinstance(item, Resumed):
        found = "resumed", ""
    elif isinstance(item, Rewound):
        found = "undone", ""
    elif isinstance(item, Switched):
        found = "switched", f"{item.role}: {item.profile}"
    elif isinstance(item, Planned):
        found = "planned", render(item.plan)
    elif isinstance(item, Compacted):
        found = "compacted", item.summary
    return None if found is None else Note(kind=found[0], text=found[1], time=entry.time)


def _undone(entries: Sequence[Entry]) -> set[int]:
    """What undos and rewinds took out of the conversation, and no redo put back."""
    undone: set[int] = set()
    head: int | None = None
    for entry in entries:
        if isinstance(entry.item, Rewound):
            left, reached = _path(entries, head), _path(entries, entry.parent)
            undone = (undone | (left - reached)) - reached
        if is_history(entry.item):
            head = entry.id
    return undone


def _path(entries: Sequence[Entry], at: int | None) -> set[int]:
    found: set[int] = set()
    while at is not None:
        found.add(at)
        at = entries[at - 1].parent
    return found
