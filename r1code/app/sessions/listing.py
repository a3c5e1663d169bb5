"""All sessions of the state folder, quickly: what was computed of a log stays known until it is written again.

Of 1,000 sessions with 40 steps each, computing all anew takes seconds (bench/sessions.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from r1code.app.kept import write_private
from r1code.app.sessions.info import SessionInfo, info_of, is_used
from r1code.app.stopped import WITHOUT_TURNS
from r1code.errors import UsageError
from r1code.log_file import CANDIDATES, LOG

_VERSION = 2
"""Of what is kept: another one is computed anew."""


class _Known(Struct, frozen=True):
    size: int
    mtime_ns: int
    """Of the log."""
    info: SessionInfo


class _Cache(Struct, frozen=True):
    version: int = _VERSION
    known: dict[str, _Known] = {}


def sessions_in(sessions: Path) -> list[SessionInfo]:
    """All of them, in the order of their last use, newest first. What is no session is told as damaged."""
    place = sessions.with_name(f"{sessions.name}.cache")
    before = _read(place)
    after: dict[str, _Known] = {}
    found: list[SessionInfo] = []
    for folder in sessions.glob("*"):
        if not folder.is_dir():
            continue
        info, known = _looked_up(folder, before.get(folder.name))
        found.append(info)
        if known is not None:
            after[folder.name] = known
    if after != before:
        # What cannot be kept is no loss.
        with suppress(OSError):
            write_private(place, msgspec.json.encode(_Cache(known=after)))
    return sorted(found, key=lambda one: (one.used, one.id), reverse=True)


def of_project(found: Sequence[SessionInfo], root: Path) -> list[SessionInfo]:
    """Those that work in the tree `root`."""
    return [one for one in found if one.root == str(root)]


def resumable(found: Sequence[SessionInfo], root: Path) -> list[SessionInfo]:
    """Those that can go on in the tree `root`, and in which something was said."""
    return [
        one
        for one in of_project(found, root)
        if one.command not in WITHOUT_TURNS and not one.replays and not one.damaged and one.title
    ]


def find(sessions: Path, named: str) -> Path:
    """The folder of the session with this id, or the only one whose id has it as a part. Raises UsageError.

    With a number after a point: that of this candidate.
    """
    whole, _, number = named.rpartition(".")
    if whole and number.isdecimal() and (candidate := find(sessions, whole) / CANDIDATES / number).is_dir():
        return candidate
    ids = sorted(folder.name for folder in sessions.glob("*") if folder.is_dir())
    found = [one for one in ids if named == one] or [one for one in ids if named and named in one]
    if len(found) == 1:
        return sessions / found[0]
    raise UsageError(
        f"{named!r} may be one of {len(found)} sessions" if found else f"there is no session {named!r}",
        why=f"their ids have it in them: {', '.join(found[:5])}" if found else "no id is this, or has it in it",
        hint="r1code sessions --all lists them",
    )


def _read(place: Path) -> dict[str, _Known]:
    try:
        cache = msgspec.json.decode(place.read_bytes(), type=_Cache)
    except (OSError, msgspec.MsgspecError):
        return {}
    return cache.known if cache.version == _VERSION else {}


def _looked_up(folder: Path, known: _Known | None) -> tuple[SessionInfo, _Known | None]:
    """The session, and what is to be kept of it: nothing while it is in use."""
    in_use = is_used(folder)
    try:
        now = (folder / LOG).stat()
    except OSError:
        return replace(info_of(folder), in_use=in_use), None
    if known is not None and (known.size, known.mtime_ns) == (now.st_size, now.st_mtime_ns):
        return replace(known.info, in_use=in_use), known
    info = info_of(folder)
    kept = None if in_use else _Known(size=now.st_size, mtime_ns=now.st_mtime_ns, info=info)
    return replace(info, in_use=in_use), kept
