"""What the events of one `r1code fix --json` tell about its end, while they are packed."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.types import Spent, Verdict

_MARKS = tuple(f'"event":"{name}"'.encode() for name in ("PatchReady", "VerdictReached", "Finished"))
_HEAD = 160
_MOST_LINE = 64 * 1024 * 1024
_MOST_EVENTS = 512 * 1024 * 1024
"""Bytes, before they are packed; what follows is left out, except for how it ended."""
CUT = b'{"event":"Notice","text":"more events are left out: the record of this task is full","level":"warning"}\n'


class _Event(Struct, frozen=True):
    """One of those that matter, or what holds one."""

    event: str
    candidate: int = 0
    inner: _Event | None = None
    diff: str = ""
    verdict: Verdict | None = None
    outcome: str = ""
    patch_file: str | None = None
    spent: Spent = Spent()


class Heard:
    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: a path of this machine that is not kept; `.` stands for it."""
        self._hidden = b"" if folder is None else os.fsencode(folder)
        self._packed = io.BytesIO()
        # Without a time: the same events are the same bytes.
        self._zip = gzip.GzipFile(fileobj=self._packed, mode="wb", compresslevel=6, mtime=0)
        self._rest = b""
        self._size = 0
        self._shown: dict[int, str] = {}
        """By candidate: the patch that its next verdict is about."""
        self._verdicts: list[tuple[str, Verdict]] = []
        self.outcome: str | None = None
        """What the last event told; None: there was none."""
        self.patch_file: str | None = None
        self.spent = Spent()

    def take(self, piece: bytes) -> None:
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _MOST_LINE:
            self._rest = b""
        for line in lines:
            self._keep(line + b"\n")
            if any(mark in line[:_HEAD] for mark in _MARKS):
                self._read(line)

    def packed(self) -> bytes:
        """All events as a gzip file; nothing more may be taken."""
        self._keep(self._rest)
        self._zip.close()
        return self._packed.getvalue()

    def verdict_on(self, patch: str | None) -> Verdict | None:
        """The last verdict on that patch, else the last one at all."""
        fitting = [verdict for shown, verdict in self._verdicts if shown == patch]
        return next(reversed(fitting or [verdict for _, verdict in self._verdicts]), None)

    def _keep(self, line: bytes) -> None:
        if self._size <= _MOST_EVENTS < self._size + len(line):
            self._zip.write(CUT)
        self._size += len(line)
        if self._size <= _MOST_EVENTS:
            self._zip.write(line.replace(self._hidden, b".") if self._hidden else line)

    def _read(self, line: bytes) -> None:
        try:
            event = msgspec.json.decode(line, type=_Event)
        except msgspec.MsgspecError:
            # A line that a killed process left unfinished, or that is none of r1code's.
            return
        number, inner = event.candidate, event.inner or event
        if inner.event == "PatchReady":
            self._shown[number] = inner.diff
        elif inner.event == "VerdictReached" and inner.verdict is not None:
            self._verdicts.append((self._shown.pop(number, ""), inner.verdict))
        elif inner.event == "Finished":
            self.outcome, self.patch_file, self.spent = inner.outcome, inner.patch_file, inner.spent
