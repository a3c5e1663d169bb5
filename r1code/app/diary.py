"""`--log-file`: what r1code does, a JSON object a line, for whoever has to find out what went wrong."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from r1code.config import Config
from r1code.errors import UsageError
from r1code.events import CandidateEvent, CommandOutput, Event, ReasoningDelta, TextDelta
from r1code.repo.git import Git
from r1code.tree.entry import wrong_with

_SHOWN = frozenset(
    {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "user-agent", "server"}
    | {"date", "retry-after", "transfer-encoding", "x-request-id", "via", "location"}
)
"""Headers whose values are written: of all others, keys and cookies among them, only the names."""
_STANDARD = ("/dev/stdout", "/dev/stderr", "/dev/fd/")
_STREAMS = (TextDelta, ReasoningDelta, CommandOutput)
"""What streams is in the session's log, and in the bodies of answers."""


def check_files(config: Config, git: Git) -> None:
    """Before anything is written to them: raises UsageError where --log-file or --record cannot be used."""
    if config.log_file is not None:
        _check(Path(config.log_file), git, what=f"nothing can be logged in {config.log_file}")
    if config.record is not None:
        _check(Path(config.record), git, what=f"nothing can be recorded in {config.record}")


def _check(file: Path, git: Git, *, what: str) -> None:
    if not takes_all(file):
        raise UsageError(
            what,
            why="it is no regular file, so writing to it could wait for ever",
            hint="name a file, or /dev/stderr",
        )
    place = file.resolve()
    if not place.is_relative_to(git.root):
        return
    path = place.relative_to(git.root).as_posix()
    if wrong_with(path) is None and path not in git.ignored([path]):
        # The model would read it, too.
        raise UsageError(
            what,
            why="it is in the work tree, so what is written there would be a change of the turn",
            hint="name a file elsewhere, or one that git ignores",
        )


def takes_all(file: Path) -> bool:
    """Whether it is there to be written to, or nothing is; a named pipe that nobody reads would block."""
    try:
        mode = file.stat().st_mode
    except OSError:
        # Whoever opens it says what is wrong.
        return True
    # What the process was started with may be a pipe, and is read by whoever made it.
    return stat.S_ISREG(mode) or stat.S_ISCHR(mode) or str(file).startswith(_STANDARD)


class Diary:
    """Appends to `file`, which its owner alone can read if it is new. What the disk refuses is left out."""

    def __init__(self, file: Path) -> None:
        """Raises UsageError where it cannot be written."""
        try:
            self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UsageError(
                f"nothing can be logged in {file}",
                why=str(error),
                hint="name a file in a folder that you can write",
            ) from error

    def event(self, event: Event) -> None:
        """`event` has no secrets."""
        inner = event.inner if isinstance(event, CandidateEvent) else event
        if not isinstance(inner, _STREAMS):
            self._write(msgspec.to_builtins(event))

    def close(self) -> None:
        os.close(self._descriptor)

    def _write(self, line: Mapping[str, object]) -> None:
        data = msgspec.json.encode({"time": round(time.time(), 3), **line}) + b"\n"
        with suppress(OSError):
            os.write(self._descriptor, data)


class HttpDiary(Diary):
    """Requests and answers as they went over the wire (`--debug-http`). Implements providers' Spy.

    `key` stands nowhere in it. Prompts come with secrets hidden already, as the server gets them.
    """

    def __init__(self, file: Path, key: str | None) -> None:
        super().__init__(file)
        self._key = key

    def sent(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
        self._write(
            {"request": {"method": method, "url": url, "headers": _shown(headers), "body": self._text(body)}}
        )

    def got(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self._write({"answer": {"status": status, "headers": _shown(headers), "body": self._text(body)}})

    def _text(self, body: bytes) -> str:
        text = body.decode("utf-8", "replace")
        return text.replace(self._key, "(key)") if self._key else text


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value if name.lower() in _SHOWN else "(hidden)" for name, value in headers.items()}
