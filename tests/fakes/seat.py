"""A person at a terminal: keys go in, and what is on the screen can be read."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pexpect
import pyte

PATIENCE = 60.0
"""Seconds for what should be there at once; a busy machine takes its time."""


class Seat:
    """`size`: rows and columns."""

    def __init__(
        self, command: Sequence[str], folder: Path, env: Mapping[str, str], size: tuple[int, int] = (40, 100)
    ) -> None:
        given = {**os.environ, "TERM": "xterm-256color", **env}
        self._child = pexpect.spawn(
            command[0], list(command[1:]), cwd=str(folder), env=given, dimensions=size, timeout=PATIENCE
        )
        self._screen = pyte.HistoryScreen(size[1], size[0], history=5_000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self._is_over = False
        self.raw = b""

    def type(self, text: str) -> None:
        """As fast as a paste; see `answer` for what a question is answered with."""
        self._child.send(text)

    def say(self, text: str) -> None:
        self._child.send(f"{text}\r")

    def press(self, key: str) -> None:
        """One key, after a pause in which a person reads."""
        self.look(0.6)
        self._child.send(key)
        self.look(0.4)

    def answer(self, key: str) -> None:
        """Answers the question that is asked now with one of the keys that it offers, and sees it answered."""
        self._wait(lambda: self._on_screen(rf"(?m)^.*\b{key} \w.*(\n.*){{0,2}}\n\?"), f"nobody asks for {key}")
        answered = self._answers
        self.press(key)
        self._wait(lambda: re.match("", "") if self._answers > answered else None, f"{key} is not taken")

    def resize(self, rows: int, columns: int) -> None:
        self._child.setwinsize(rows, columns)
        self._screen.resize(rows, columns)

    def look(self, seconds: float = 0.0) -> None:
        """Reads what comes within that time."""
        until = time.monotonic() + seconds
        while True:
            try:
                data = self._child.read_nonblocking(65_536, timeout=max(0.02, until - time.monotonic()))
                self.raw += data
                self._stream.feed(data)
            except pexpect.TIMEOUT:
                pass
            except pexpect.EOF:
                self._is_over = True
                return
            if time.monotonic() >= until:
                return

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def all(self) -> str:
        """What was ever on it, as far as it was scrolled away, and is on it now."""
        rows = [
            "".join(row[column].data for column in range(self._screen.columns)).rstrip()
            for row in self._screen.history.top
        ]
        return "\n".join([*rows, *self.lines])

    def sees(self, pattern: str) -> str:
        """Waits until it is on the screen or above it; returns what was found."""
        return self._wait(lambda: re.search(pattern, self.all, re.MULTILINE), f"/{pattern}/ is not there")

    def sees_gone(self, pattern: str) -> None:
        """Waits until it is not on the screen any more."""
        self._wait(lambda: None if self._on_screen(pattern) else re.match("", ""), pattern)

    def _on_screen(self, pattern: str) -> re.Match[str] | None:
        return re.search(pattern, "\n".join(self.lines))

    @property
    def _answers(self) -> int:
        """How many were given so far."""
        return len(re.findall(r"(?m)^ *→ ", self.all))

    def _wait(self, found: Callable[[], re.Match[str] | None], what: str) -> str:
        until = time.monotonic() + PATIENCE
        while (match := found()) is None:
            assert time.monotonic() < until, (
                f"{what}; it {'runs' if self._child.isalive() else 'is over'}; on the screen:\n{self.all}\n"
                f"last: {self.raw[-2_000:]!r}"
            )
            self.look(0.05)
        return match.group()

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Waits until it holds, which no screen says."""
        self._wait(lambda: re.match("", "") if holds() else None, what)

    def watches(self, folder: Path) -> bool:
        """Whether the kernel tells the command of what is written in that folder."""
        inode = f" ino:{folder.stat().st_ino:x} "
        for one in Path(f"/proc/{self._child.pid}/fdinfo").iterdir():
            # It may be closed meanwhile.
            with contextlib.suppress(FileNotFoundError):
                if inode in one.read_text():
                    return True
        return False

    def leaves(self) -> int:
        """Waits for the end of the command; its exit code."""
        until = time.monotonic() + PATIENCE
        while self._child.isalive():
            assert time.monotonic() < until, f"it does not end; on the screen:\n{self.all}"
            self.look(0.1)
        # All that it said is read, however slowly.
        while not self._is_over:
            self.look(0.1)
            assert time.monotonic() < until, f"somebody holds its terminal; on the screen:\n{self.all}"
        self._child.close()
        assert self._child.exitstatus is not None, f"ended by signal {self._child.signalstatus}"
        return int(self._child.exitstatus)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._child.close(force=True)
