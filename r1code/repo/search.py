"""Searches files by regular expression with ripgrep: linear time, and only the files that it is given."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sysconfig
import threading
import time
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.control import Control
from r1code.errors import ToolError, UsageError
from r1code.tree.entry import blocked_by

_SECONDS = 20.0
_BATCH_BYTES = 100_000
_LINE_CHARS = 500

_OPTIONS = ["--no-config", "--json", "--no-mmap", "--no-messages"]


class Match(Struct, frozen=True, kw_only=True):
    path: str
    line: int
    """Counted from 1."""
    text: str
    """The line without its end, cut when very long."""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class SearchResult(Struct, frozen=True, kw_only=True):
    matches: tuple[Match, ...]
    """The first ones, by path and line."""
    total: int
    """Of matching lines; at least that many when the time was up."""
    truncated: bool


class _Data(Struct, frozen=True):
    """Text, or what is no UTF-8 in base 64."""

    text: str | None = None
    base64: str | None = msgspec.field(default=None, name="bytes")

    def raw(self) -> bytes:
        return b64decode(self.base64) if self.base64 is not None else (self.text or "").encode()


class _Body(Struct, frozen=True):
    path: _Data | None = None
    lines: _Data | None = None
    line_number: int | None = None
    binary_offset: int | None = None


class _Message(Struct, frozen=True):
    type: str
    data: _Body


_MESSAGE = msgspec.json.Decoder(_Message)


def search(
    root: Path,
    pattern: str,
    paths: Iterable[str],
    control: Control,
    *,
    limit: int = 100,
    context: int = 0,
) -> SearchResult:
    """The lines of the regular text files `paths` that match, each with `context` lines around it.

    Nothing else is opened: no link is followed and no ignore or configuration file is read. Raises ToolError
    for a pattern that is no regular expression, UsageError when ripgrep is missing, and Cancelled.
    """
    program = _program()
    _refuse_bad(program, pattern)
    found = _Found(limit, context)
    options = [program, *_OPTIONS, f"--context={context}", "-e", pattern, "--"]
    deadline = time.monotonic() + _SECONDS
    for batch in _batches(_regular(root, paths)):
        for message in _messages([*options, *batch], root, control, deadline):
            found.take(message)
        found.settle()
    return found.result(complete=time.monotonic() < deadline)


def _program() -> str:
    """The ripgrep that came with our wheel, else the one on PATH."""
    own = Path(sysconfig.get_path("scripts"), "rg")
    program = str(own) if own.exists() else shutil.which("rg")
    if program is None:
        raise UsageError(
            "ripgrep was not found",
            why="its program `rg` is neither beside this Python nor on PATH",
            hint="install r1code again, or install ripgrep",
        )
    return program


def _refuse_bad(program: str, pattern: str) -> None:
    if "\0" in pattern or "\n" in pattern:
        raise ToolError(
            "The pattern has a line break in it. Lines are searched one by one: search for one of them."
        )
    probe = subprocess.run(
        [program, *_OPTIONS, "-e", pattern, "--", os.devnull],
        env={},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if probe.stderr:
        reason = probe.stderr.decode(errors="replace").strip().removeprefix("rg: ")
        raise ToolError(
            f"The pattern is not a regular expression that can be searched for.\n{reason}\n"
            f"To find the text itself, escape it: {re.escape(pattern)}"
        )


def _regular(root: Path, paths: Iterable[str]) -> Iterator[str]:
    """Those of `paths` that are regular files with no link on the way, sorted."""
    folders: dict[str, bool] = {"": True}
    for path in sorted(set(paths)):
        folder = path.rpartition("/")[0]
        if folder not in folders:
            folders[folder] = blocked_by(root, path) is None
        try:
            if folders[folder] and stat.S_ISREG(os.lstat(f"{root}/{path}").st_mode):
                yield path
        except OSError:
            continue


def _batches(paths: Iterable[str]) -> Iterator[list[str]]:
    """Arguments for as many calls as the system's limit on a command line asks for."""
    batch: list[str] = []
    size = 0
    for path in paths:
        # A name of its own may be `-`, which stands for the standard input.
        batch.append(f"./{path}")
        size += len(path)
        if size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _messages(command: Sequence[str], root: Path, control: Control, deadline: float) -> Iterator[_Message]:
    """What ripgrep says, until it ends, the deadline passes, or the turn is cancelled."""
    control.check()
    with subprocess.Popen(
        command, cwd=root, env={}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), process.kill)
        timer.start()
        try:
            with control.on_cancel(process.kill):
                for line in process.stdout or ():
                    if line.endswith(b"\n"):
                        yield _MESSAGE.decode(line)
        finally:
            timer.cancel()
            process.kill()
    control.check()


class _Found:
    """Collects the matches of one file after the other, and keeps the first ones."""

    def __init__(self, limit: int, context: int) -> None:
        self._limit = limit
        self._context = context
        self._matches: list[Match] = []
        self._total = 0
        # Of the file that ripgrep reports on:
        self._lines: dict[int, str] = {}
        self._hits: list[int] = []
        self._count = 0

    def take(self, message: _Message) -> None:
        body = message.data
        if message.type == "begin":
            self._lines, self._hits, self._count = {}, [], 0
        elif message.type == "end" and body.path is not None and body.binary_offset is None:
            self._total += self._count
            path = os.fsdecode(body.path.raw()).removeprefix("./")
            self._matches += [self._match(path, line) for line in self._hits]
        elif body.lines is not None and body.line_number is not None:
            matched = message.type == "match"
            self._count += matched
            if len(self._hits) > self._limit:
                return
            self._lines[body.line_number] = _shown(body.lines.raw())
            if matched:
                self._hits.append(body.line_number)

    def _match(self, path: str, line: int) -> Match:
        def lines(numbers: range) -> tuple[str, ...]:
            return tuple(self._lines[number] for number in numbers if number in self._lines)

        return Match(
            path=path,
            line=line,
            text=self._lines[line],
            before=lines(range(line - self._context, line)),
            after=lines(range(line + 1, line + 1 + self._context)),
        )

    def settle(self) -> None:
        self._matches = sorted(self._matches, key=lambda match: (match.path, match.line))[: self._limit]

    def result(self, *, complete: bool) -> SearchResult:
        return SearchResult(
            matches=tuple(self._matches),
            total=self._total,
            truncated=not complete or self._total > len(self._matches),
        )


def _shown(line: bytes) -> str:
    text = line.decode(errors="replace").rstrip("\r\n")
    return text if len(text) <= _LINE_CHARS else text[:_LINE_CHARS] + " [cut]"
