"""The file of a session's log: read without its lock, also while the session runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from r1code.errors import StateError
from r1code.log import (
    AnyItem,
    Aside,
    Asked,
    Chosen,
    Concluded,
    Entry,
    Exited,
    Opened,
    Overflowed,
    Renamed,
    Used,
)

SCHEMA = 1
LOG = "log.jsonl"
"""Its name in the folder of a session."""

CANDIDATES = "candidates"
"""In the folder of a session: by number, the sessions of the candidates of a repair that has several."""

_DECODER = msgspec.json.Decoder(Entry)


def entries_of(folder: Path) -> tuple[Entry, ...]:
    """The log of the session in `folder`, to look at, without its lock: also while it runs. Raises StateError."""
    return tuple(read(folder / LOG)[0])


def id_of(folder: Path) -> str:
    """Of the session in `folder`; a candidate's has that of the whole, and its number."""
    above = folder.parent
    return f"{above.parent.name}.{folder.name}" if above.name == CANDIDATES else folder.name


def candidates_of(folder: Path) -> list[Path]:
    """The sessions of the candidates of the session in `folder`, by number."""
    found = (log.parent for log in folder.glob(f"{CANDIDATES}/*/{LOG}"))
    return sorted((one for one in found if one.name.isdecimal()), key=lambda one: int(one.name))


def opened_of(entries: Sequence[Entry]) -> Opened:
    """The first entry of a log."""
    first = entries[0].item
    assert isinstance(first, Opened)  # noqa: S101 - no log is made or read that does not begin so
    return first


def head_of(entries: Sequence[Entry]) -> int | None:
    """The last entry of the history."""
    return max((entry.id for entry in entries if is_history(entry.item)), default=None)


def path_of(entries: Sequence[Entry], head: int | None) -> list[Entry]:
    """From the first entry of a log to the entry `head`."""
    path: list[Entry] = []
    at = head
    while at is not None:
        entry = entries[at - 1]
        path.append(entry)
        at = entry.parent
    return path[::-1]


def is_history(item: AnyItem) -> bool:
    """Whether it belongs to what the next entry follows on."""
    return not isinstance(item, Asked | Used | Overflowed | Renamed | Aside | Chosen | Concluded | Exited)


def read(path: Path) -> tuple[list[Entry], int | None]:
    """The entries, and where the last line is torn how many bytes are good."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StateError(
            "the session's log cannot be read", why=f"{path}: {error}", hint="start a new session"
        ) from error
    whole = data.rfind(b"\n") + 1
    entries: list[Entry] = []
    for number, line in enumerate(data[:whole].splitlines(), start=1):
        try:
            entry = _DECODER.decode(line)
        except msgspec.MsgspecError as error:
            raise damaged(path, number, str(error)) from error
        if entry.id != number or (entry.parent is not None and not 0 < entry.parent < number):
            raise damaged(path, number, "it is out of order")
        entries.append(entry)
    if not entries or not isinstance(entries[0].item, Opened):
        raise damaged(path, 1, "it does not open a session")
    if entries[0].item.schema > SCHEMA:
        raise StateError(
            f"the session {path.parent.name} is too new",
            why=f"its log has schema {entries[0].item.schema}; this r1code reads up to {SCHEMA}",
            hint="upgrade r1code",
        )
    return entries, whole if whole < len(data) else None


def damaged(path: Path, line: int, why: str) -> StateError:
    return StateError(
        f"the session {path.parent.name} is damaged",
        why=f"line {line} of {path} cannot be used: {why}",
        hint="keep the file if you need what is in it, and start a new session",
    )
