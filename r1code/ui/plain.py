"""Output for pipes, logs and programs: whole lines without control sequences, or one JSON object each."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TextIO

import msgspec

from r1code.events import Event
from r1code.ui.outlet import Outlet
from r1code.ui.safe import HIDDEN, safe_ci
from r1code.ui.transcript import Transcript

# A CI service looks for `##[` anywhere in a line, within JSON too.
_COMMAND = re.compile(r"##(?=[A-Za-z]{0,20}\[)")


class PlainListener:
    """The transcript line by line. With `ci` no line can be a command to the CI service."""

    def __init__(self, stream: TextIO, *, ci: bool = False) -> None:
        self._outlet = Outlet(stream)
        self._ci = ci
        self._transcript = Transcript(lambda: None)
        self._line: list[str] = []

    def on(self, event: Event) -> None:
        for piece in self._transcript.tell(event):
            self._add(piece.text)

    def close(self) -> None:
        with suppress(OSError):
            for piece in self._transcript.close():
                self._add(piece.text)

    def _add(self, text: str) -> None:
        head, newline, tail = text.rpartition("\n")
        if newline:
            whole = "".join([*self._line, head, newline])
            self._line.clear()
            self._outlet.write(safe_ci(whole) if self._ci else whole)
        if tail:
            self._line.append(tail)


class JsonListener:
    """One JSON object per event and line; docs/events.md has the schema.

    Characters that a terminal or a CI log would obey are written as JSON escapes: the value stays the same.
    """

    def __init__(self, stream: TextIO) -> None:
        self._outlet = Outlet(stream)

    def on(self, event: Event) -> None:
        self._outlet.write(f"{json_line(event)}\n")

    def close(self) -> None:
        """There is nothing to complete: every line is whole."""


def json_line(value: object) -> str:
    """`value` as JSON on one line, in which nothing is a command to a terminal or a CI service."""
    try:
        line = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can carry
        line = json.dumps(msgspec.to_builtins(value), separators=(",", ":"))
    return _COMMAND.sub(r"#\\u0023", HIDDEN.sub(_escape, line))


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match.group())[1:-1]
