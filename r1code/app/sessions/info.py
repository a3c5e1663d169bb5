"""What a session is, in a line of a list: computed from its log, whatever state that is in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from r1code.app.cost import charges_in
from r1code.app.logs import Line, lines
from r1code.errors import StateError
from r1code.ledger import charges_of, spent
from r1code.lock import is_alive
from r1code.log import AnyItem, Continued, Ended, Entry, Judged, Opened, Renamed, Resumed
from r1code.log_file import LOG, candidates_of, id_of
from r1code.types import EndReason, Outcome, Spent

_NEEDED = frozenset({"Opened", "Asked", "Used", "Ended", "Resumed", "Continued", "Judged", "Renamed"})


class SessionInfo(Struct, frozen=True, kw_only=True):
    id: str
    title: str = ""
    """What a person named it, or the first line of its first task."""
    root: str = ""
    """The work tree; empty: not known, for the log is damaged."""
    command: str = ""
    """What it was begun with: fix, prompt, plan or init."""
    profile: str = ""
    """That it was begun with."""
    branch: str = ""
    """What was checked out then; empty: no branch, or not known."""
    started: float = 0
    used: float = 0
    """When something was done in it last; both in seconds since the epoch."""
    turns: int = 0
    spent: Spent = Spent()
    ended: EndReason | None = None
    """How its last turn ended. None: it has not."""
    verdict: Outcome | None = None
    """What a clean re-run of the tests said of its last turn."""
    forked: str = ""
    """The session that it was taken from."""
    replays: str = ""
    """The session that it did again."""
    bytes: int = 0
    """All that its folder holds."""
    in_use: bool = False
    damaged: str = ""
    """What is wrong with its log; empty: nothing that was seen."""


def info_of(folder: Path) -> SessionInfo:
    """Of the session in `folder`, also while it runs, and whatever its log is like."""
    bare = SessionInfo(id=id_of(folder), bytes=_size(folder), in_use=is_used(folder))
    try:
        found = lines(folder) if (folder / LOG).is_file() else []
    except (FileNotFoundError, StateError) as error:
        # It went away just now, or cannot be read.
        return replace(bare, damaged=str(error).partition("\n")[0])
    first = found[0].entry() if found and found[0].kind == "Opened" else None
    if first is None or not isinstance(first.item, Opened):
        return replace(bare, damaged=f"{LOG} does not open a session" if found else f"it has no {LOG}")
    told = _told(bare, first, first.item, found)
    if not candidates_of(folder):
        return told
    try:
        return replace(told, spent=spent(charges_in(folder)))
    except StateError as error:
        return replace(told, damaged=str(error).partition("\n")[0])


def title_of(opened: Opened) -> str:
    """What a session is called that nobody named; empty: after its first task, which it has not got yet."""
    if opened.command == "init":
        return "draft AGENTS.md"
    if opened.command == "fix":
        return f"fix: {opened.settings.get('test') or 'tests'}"
    return opened.task.strip().partition("\n")[0]


def _told(bare: SessionInfo, first: Entry, opened: Opened, found: Sequence[Line]) -> SessionInfo:
    # Logs of before 0.2 have no requests, and what was used is in the replies.
    needed = _NEEDED if any(line.kind == "Asked" for line in found) else _NEEDED | {"Replied"}
    entries: list[Entry] = []
    damaged = ""
    for number, line in enumerate(found, start=1):
        if line.kind in needed or not line.kind:
            entry = line.entry()
            if entry is not None:
                entries.append(entry)
            damaged = damaged or ("" if entry is not None else f"line {number} of {LOG} cannot be read")
    title, state = title_of(opened), _State()
    for item in (entry.item for entry in entries):
        if isinstance(item, Renamed):
            title = item.title
        elif isinstance(item, Continued) and not title:
            # The REPL opens a session before anything is said in it.
            title = item.task.strip().partition("\n")[0]
        state = state.after(item)
    return replace(
        bare,
        title=title,
        root=opened.root,
        command=opened.command,
        profile=opened.profile,
        branch=opened.branch,
        started=first.time,
        used=max(first.time, _last_time(found)),
        turns=state.turns,
        spent=spent(charges_of(entries, profile=opened.profile)),
        ended=state.ended,
        verdict=state.verdict,
        forked=opened.forked,
        replays=opened.replays,
        damaged=damaged,
    )


class _State(Struct, frozen=True, kw_only=True):
    turns: int = 0
    ended: EndReason | None = None
    verdict: Outcome | None = None

    def after(self, item: AnyItem) -> _State:
        if isinstance(item, Ended):
            return _State(turns=self.turns + 1, ended=item.reason)
        if isinstance(item, Judged):
            return replace(self, verdict=item.verdict.outcome)
        if isinstance(item, Resumed):
            # What goes on had not ended.
            return _State(turns=self.turns - 1)
        return _State(turns=self.turns) if isinstance(item, Continued) else self


class _Time(Struct, frozen=True):
    time: float


def _last_time(found: Sequence[Line]) -> float:
    """When something was done in it: another name is no use of it."""
    for line in reversed(found):
        if line.kind and line.kind != "Renamed":
            with suppress(msgspec.MsgspecError):
                return msgspec.json.decode(line.data, type=_Time).time
    return 0


def is_used(folder: Path) -> bool:
    """Whether a process works in the session now."""
    try:
        return is_alive(folder)
    except OSError:
        # Somebody else's file: nobody can say.
        return False


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(f"{place}/{name}").st_size
    return total
