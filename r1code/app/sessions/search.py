"""Search over sessions: what a person and the model said in them, and which files they changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from r1code.app.logs import lines_of
from r1code.app.sessions.info import SessionInfo
from r1code.log import AnyItem, Called, Continued, Opened, Renamed, Replied, Said
from r1code.log_file import LOG
from r1code.session import PATCH

By = Literal["title", "person", "model", "file"]
_SAYS = frozenset({"Opened", "Continued", "Renamed", "Said", "Replied", "Called"})
_WRITES = frozenset({"edit", "patch", "replace", "insert", "write", "delete", "move", "chmod"})
_HEADER = re.compile(r"^(?:\+\+\+ b/|--- a/|rename from |rename to )(.+?)\t?$", re.MULTILINE)
"""Of a patch: a line that names a file."""
_PLAIN = re.compile(r"[a-z0-9_.-]+")
"""A word that stands in a log as it is."""


class Found(Struct, frozen=True, kw_only=True):
    """A session with all of the words."""

    session: SessionInfo
    by: By
    """Who said the line; file: it is the name of one that was changed."""
    line: str
    """The first of those that have most of the words."""


def search(sessions: Path, infos: Sequence[SessionInfo], words: str) -> list[Found]:
    """Those of `infos` that have all of the `words`, in any case; in the same order. Reasoning is left out."""
    wanted = words.casefold().split()
    found = ((info, _best(sessions / info.id, wanted)) for info in infos) if wanted else ()
    return [Found(session=info, by=best[0], line=best[1]) for info, best in found if best is not None]


def _best(folder: Path, wanted: Sequence[str]) -> tuple[By, str] | None:
    log, patch = _data(folder / LOG), _data(folder / PATCH)
    # Most sessions have none of the words, and are not decoded.
    whole = log.lower() + patch.lower()
    if any(_PLAIN.fullmatch(word) and word.encode() not in whole for word in wanted):
        return None
    left, most = set(wanted), 0
    best: tuple[By, str] | None = None
    for by, text in _texts(log, patch):
        for line in text.splitlines():
            lower = line.casefold()
            has = {word for word in wanted if word in lower}
            left -= has
            if len(has) > most:
                best = by, line
                most = len(has)
    return None if left else best


def _texts(log: bytes, patch: bytes) -> Iterator[tuple[By, str]]:
    for line in lines_of(log):
        entry = line.entry() if line.kind in _SAYS else None
        if entry is not None:
            yield from _said(entry.item)
    for name in _HEADER.findall(patch.decode(errors="replace")):
        yield "file", name


def _said(item: AnyItem) -> Iterator[tuple[By, str]]:
    if isinstance(item, Opened | Continued):
        yield "person", item.task
    elif isinstance(item, Said) and item.origin == "steer":
        yield "person", item.text
    elif isinstance(item, Renamed):
        yield "title", item.title
    elif isinstance(item, Replied):
        yield "model", item.text
    elif isinstance(item, Called) and item.call.name in _WRITES:
        for key in ("path", "to"):
            if item.call.arguments.get(key):
                yield "file", str(item.call.arguments[key])


def _data(file: Path) -> bytes:
    try:
        return file.read_bytes() if file.is_file() else b""
    except OSError:
        return b""
