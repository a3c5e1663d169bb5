"""Markdown that streams, cut into blocks which can be shown for good: a paragraph, a list, a fence."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_MOST = 200
"""Lines of a block: a longer fence is shown in parts."""


class Paragraphs:
    """Linear. What is open is at most a few hundred lines."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._fence = ""
        self._opener = ""

    @property
    def open(self) -> list[str]:
        """The lines of the block that is not finished."""
        return self._lines

    def feed(self, line: str) -> Iterator[str]:
        """The block that this whole line, without its newline, finishes, if any."""
        found = _FENCE.match(line)
        if self._fence:
            self._lines.append(line)
            if found and found.group(1).startswith(self._fence) and not line.strip("`~ \t"):
                self._fence = ""
                yield from self.end()
            elif len(self._lines) >= _MOST:
                opener = self._opener
                yield "\n".join([*self._lines, self._fence])
                self._lines = [opener]
            return
        if found:
            yield from self.end()
            self._fence, self._opener = found.group(1), line
            self._lines = [line]
        elif not line.strip() or len(self._lines) >= _MOST:
            yield from self.end()
            self._lines = [line] if line.strip() else []
        else:
            self._lines.append(line)

    def end(self) -> Iterator[str]:
        """What is open, as a block."""
        lines, self._lines = self._lines, []
        if self._fence:
            lines, self._fence = [*lines, self._fence], ""
        if any(line.strip() for line in lines):
            yield "\n".join(lines)
