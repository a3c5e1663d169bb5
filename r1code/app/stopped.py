"""Which sessions can go on: with the turn that was stopped, or with another task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from r1code.errors import StateError, UsageError
from r1code.log import RESUMABLE, AnyItem, Concluded, Continued, Ended, Entry, Exited, Opened, Said, Switched
from r1code.log_file import CANDIDATES, LOG, entries_of, head_of, opened_of, path_of
from r1code.session import Session
from r1code.types import ExitCode

ABOUT_MODEL = ("base_url", "model_name", "effort")
"""Settings that were made for one profile's model."""
_ENDS = frozenset({ExitCode.OK, ExitCode.NOT_FIXED, ExitCode.NOTHING_TO_FIX, ExitCode.CANNOT_REPRODUCE})
"""How a run of tests alone ends that came to its end; a repair that did has an entry of its own."""


WITHOUT_TURNS = frozenset({"init", "verify"})
"""Commands whose sessions hold none that could go on."""


def without_model(opened: Opened) -> bool:
    """Whether no model takes part in the session: only tests run."""
    return opened.command == "verify" or opened.conditions.only_tests


class Resumable(Struct, frozen=True, kw_only=True):
    """A session that can go on."""

    folder: Path
    opened: Opened
    """How it was begun."""
    task: Opened | Continued
    """What was asked for last, and how."""
    profile: str
    """Whose model acts by now: the one that `task` was begun with, or another that went on since."""


def stopped_session(folder: Path) -> Resumable:
    """The session in `folder`. Raises StateError, and UsageError where its last turn was not stopped."""
    if folder.parent.name == CANDIDATES:
        whole = folder.parent.parent.name
        raise UsageError(
            f"the session {whole}.{folder.name} cannot be resumed",
            why="it is that of one candidate",
            hint=f"r1code resume {whole} goes on with all of them",
        )
    with closing(Session.load(folder)) as session:
        found = _resumable(folder, session.entries)
        turns = [entry for entry in session.entries if isinstance(entry.item, Ended | Said)]
        last = turns[-1] if turns else None
        why = ""
        ends = [end for entry in session.entries[session.begun.id :] if (end := _end(entry.item)) is not None]
        if found.task.command == "fix" and ends:
            raise UsageError(
                f"the session {session.id} cannot be resumed",
                why=f"it came to its own end: {ends[0]}",
                hint=f"r1code report {session.id} says what came of it; begin a new one with r1code fix",
            )
        if found.task.command == "fix":
            # Whatever it was at goes on: the baseline, candidates, the verdict.
            return found
        if last is None:
            why = "it had not begun to work"
        elif found.opened.forked and last.id <= found.opened.copied:
            why = "it is a fork that has got no task of its own yet"
        elif isinstance(last.item, Ended) and last.item.reason not in RESUMABLE:
            why = "its last turn came to its own end"
        if why or found.opened.command == "init":
            raise UsageError(
                f"the session {session.id} cannot be resumed",
                why=why or "it only drafted a file",
                hint=f"give it another task: r1code --continue {session.id} -p TASK"
                if last is not None and found.opened.command != "init"
                else "begin a new one: r1code -p TASK",
            )
        return found


def _end(item: AnyItem) -> str | None:
    """The outcome, where a repair came to its own end by it, or only the tests ran; None: it is no end."""
    if isinstance(item, Concluded) or (isinstance(item, Exited) and item.exit_code in _ENDS):
        return (item.outcome or "ended").replace("_", " ")
    return None


def continued_session(folder: Path, root: Path) -> Resumable:
    """The session in `folder`, to be given another task in `root`. Raises StateError and UsageError."""
    found = _resumable(folder, entries_of(folder))
    why = ""
    if found.opened.root != str(root):
        why = f"it works in {found.opened.root}"
    elif found.opened.command == "init":
        why = "it only drafted a file"
    elif without_model(found.opened):
        why = "no model took part in it"
    elif found.opened.replays:
        why = f"it only did the session {found.opened.replays} again"
    if why:
        raise UsageError(
            f"the session {folder.name} cannot go on here",
            why=why,
            hint="r1code sessions lists those that can; -C FOLDER works in another folder",
        )
    return found


def with_its_model(flags: Mapping[str, Any], before: Resumable) -> dict[str, Any]:
    """The flags of a new task, with the model of the session that gets it, unless they name one."""
    given = {key: value for key, value in flags.items() if value is not None}
    if not given.keys().isdisjoint({"profile", "base_url", "model_name"}):
        return given
    then = before.task.settings if before.profile == before.task.profile else {}
    its = {key: then[key] for key in ABOUT_MODEL if then.get(key) is not None}
    return {"profile": before.profile, **its, **given}


def settings_for(task: Opened | Continued, profile: str) -> dict[str, Any]:
    """The settings of a task with which the model of `profile` does it, or goes on with it."""
    left_out = () if profile == task.profile else ABOUT_MODEL
    return {**{key: value for key, value in task.settings.items() if key not in left_out}, "profile": profile}


def last_session(sessions: Path, root: Path) -> Path:
    """The folder of the session that worked in `root` last. Raises StateError."""
    # A session was used when its log was written.
    logs = sorted(sessions.glob(f"*/{LOG}"), key=lambda log: (log.stat().st_mtime_ns, log), reverse=True)
    for log in logs:
        if _root_of(log) == str(root):
            return log.parent
    raise StateError(
        "there is no session to go on with",
        why=f"none in {sessions} worked in {root}",
        hint="name one, or begin a new one: r1code -p TASK",
    )


def _resumable(folder: Path, entries: Sequence[Entry]) -> Resumable:
    path = path_of(entries, head_of(entries))
    tasks = [(entry.id, entry.item) for entry in path if isinstance(entry.item, Opened | Continued)]
    at, task = tasks[-1]
    actors = [
        entry.item.profile
        for entry in entries[at:]
        if isinstance(entry.item, Switched) and entry.item.role == "actor"
    ]
    profile = actors[-1] if actors else task.profile
    return Resumable(folder=folder, opened=opened_of(entries), task=task, profile=profile)


class _Item(Struct, frozen=True):
    root: str = ""
    command: str = ""
    replays: str = ""


class _First(Struct, frozen=True):
    item: _Item = _Item()


def _root_of(log: Path) -> str | None:
    """The work tree of a session; None: there is none that could go on."""
    try:
        with log.open("rb") as file:
            first = msgspec.json.decode(file.readline(), type=_First).item
    except (OSError, msgspec.MsgspecError):
        return None
    return None if first.replays or first.command in WITHOUT_TURNS else first.root
