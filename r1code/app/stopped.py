"""Which sessions can be resumed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.errors import StateError, UsageError
from r1code.log import RESUMABLE, Ended, Opened, Said, Switched
from r1code.session import LOG, Session


class Resumable(Struct, frozen=True, kw_only=True):
    """A session whose last turn was stopped."""

    folder: Path
    opened: Opened
    """How it was begun."""
    profile: str
    """Whose model acts by now: the one that it was begun with, or another that went on since."""


def stopped_session(folder: Path) -> Resumable:
    """The session in `folder`. Raises StateError, and UsageError where its last turn was not stopped."""
    with closing(Session.load(folder)) as session:
        turns = [entry.item for entry in session.entries if isinstance(entry.item, Ended | Said)]
        last = turns[-1] if turns else None
        if (
            session.opened.command == "init"
            or last is None
            or (isinstance(last, Ended) and last.reason not in RESUMABLE)
        ):
            why = "it had not begun to work" if last is None else "its last turn came to its own end"
            raise UsageError(
                f"the session {session.id} cannot be resumed", why=why, hint="begin a new one: r1code -p TASK"
            )
        actors = [
            entry.item.profile
            for entry in session.entries
            if isinstance(entry.item, Switched) and entry.item.role == "actor"
        ]
        profile = actors[-1] if actors else session.opened.profile
        return Resumable(folder=folder, opened=session.opened, profile=profile)


def last_session(sessions: Path, root: Path) -> Path:
    """The folder of the last session that worked in `root`. Raises StateError."""
    for folder in sorted(sessions.glob("*"), reverse=True):
        if _root_of(folder) == str(root):
            return folder
    raise StateError(
        "there is no session to resume",
        why=f"none in {sessions} worked in {root}",
        hint="name one, or begin a new one: r1code -p TASK",
    )


class _Item(Struct, frozen=True):
    root: str = ""
    command: str = ""
    replays: str = ""


class _First(Struct, frozen=True):
    item: _Item = _Item()


def _root_of(folder: Path) -> str | None:
    """The work tree of a session; None: there is none that could be resumed."""
    try:
        with (folder / LOG).open("rb") as file:
            first = msgspec.json.decode(file.readline(), type=_First).item
    except (OSError, msgspec.MsgspecError):
        return None
    return None if first.replays or first.command == "init" else first.root
