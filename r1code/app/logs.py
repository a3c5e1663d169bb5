"""Logs of sessions as they lie there: read without their lock, damaged or not, and only as far as somebody needs.

Whole lines of a log never change, and one that is being written is not read yet.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.errors import StateError
from r1code.log import Entry
from r1code.log_file import LOG

_KIND = re.compile(rb'"item":\{"kind":"(\w+)"')
_HEAD = 200
"""Bytes of a line in which its kind stands."""
_DECODER = msgspec.json.Decoder(Entry)


class Line(Struct, frozen=True):
    """One line of a log. Most are never decoded: what they are is seen at once."""

    kind: str
    """The name of the item's class; empty: the line has none that could be read."""
    data: bytes

    def entry(self) -> Entry | None:
        """None: the line is damaged."""
        try:
            return _DECODER.decode(self.data)
        except msgspec.MsgspecError:
            return None


def lines(folder: Path) -> list[Line]:
    """The whole lines of the log of the session in `folder`.

    Raises FileNotFoundError for a folder without a log, and StateError where there is none or it cannot be read.
    """
    try:
        data = (folder / LOG).read_bytes()
    except FileNotFoundError:
        if folder.is_dir():
            raise
        raise StateError(
            f"there is no session {folder.name}",
            why=f"{folder} does not exist",
            hint="r1code sessions lists those that there are",
        ) from None
    except OSError as error:
        raise StateError(f"{folder / LOG} cannot be read", why=str(error), hint="fix its permissions") from error
    return lines_of(data)


def lines_of(data: bytes) -> list[Line]:
    """The whole lines of a log's content."""
    return [_line(one) for one in data[: data.rfind(b"\n") + 1].splitlines()]


def _line(data: bytes) -> Line:
    kind = _KIND.search(data, 0, _HEAD)
    return Line("" if kind is None else kind[1].decode(), data)
