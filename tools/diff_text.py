"""Unified diffs as models write them. Pure: text in, values out, or a ToolError that says what to do.

What models get wrong is where a hunk stands and how long it is, so neither is believed: the lines of a hunk are
found in the file as those of a search/replace block are. No parser of a package does without right counts.
"""

from __future__ import annotations

import re

from msgspec import Struct

from r1code.errors import ToolError
from r1code.tools.matching import Block

_HUNK = re.compile(r"@@(?P<numbers> -\d+(?:,(?P<old>\d+))? \+\d+(?:,(?P<new>\d+))? @@)?.*")
_NOTHING = "/dev/null"
_MOVED = re.compile(r"rename (from|to) (.+)")
_EXTENDED = re.compile(r"(index|old mode|new mode|new file mode|deleted file mode|(dis)?similarity index) ")


class FileDiff(Struct, frozen=True, kw_only=True):
    """What a diff says of one file."""

    path: str | None
    """As it was; None: it is new."""
    to: str | None
    """As it will be; None: it is deleted."""
    blocks: tuple[Block, ...]
    ends: bool | None
    """Whether the last line will end with a newline; None: as before."""


class _Header(Struct, frozen=True, kw_only=True):
    path: str | None
    to: str | None


class _Hunk:
    def __init__(self, row: int, match: re.Match[str]) -> None:
        self.row = row
        sizes = [int(size) if size else 1 for size in match.group("old", "new")]
        self.left = sizes if match["numbers"] else None
        """Lines that are to come of the old and the new side, if one believes the heading."""
        self.old: list[str] = []
        self.new: list[str] = []
        self.ends: dict[str, bool] = {}
        """Of a side that the text says of: whether it ends with a newline."""
        self.blanks = 0
        """Empty lines at the end, which may be no part of it."""
        self.last = ""

    def take(self, line: str) -> None:
        mark = line[:1]
        self.blanks = self.blanks + 1 if not line else 0
        if mark in {"", " ", "-"}:
            self.old.append(f"{line[1:]}\n")
        if mark in {"", " ", "+"}:
            self.new.append(f"{line[1:]}\n")
        if self.left is not None:
            self.left[0] -= mark in {"", " ", "-"}
            self.left[1] -= mark in {"", " ", "+"}
        self.last = mark

    def unended(self) -> None:
        """The line before has no end."""
        for side, marks in (("old", " -"), ("new", " +")):
            if self.last in marks:
                self.ends[side] = False

    def block(self) -> Block:
        keep = len(self.old) - self.blanks, len(self.new) - self.blanks
        return Block("".join(self.old[: keep[0]]), "".join(self.new[: keep[1]]))


def parse(text: str) -> tuple[FileDiff, ...]:
    """The files of a diff, in order. Raises ToolError for what is no diff, naming the line of `text`."""
    reading = _Reading()
    lines = text.split("\n")
    row = 0
    while row < len(lines):
        row += reading.take(row + 1, lines[row], lines[row + 1] if row + 1 < len(lines) else "")
    reading.finish()
    if not reading.files:
        raise ToolError(
            "There is no diff. It must be: a line `--- path`, a line `+++ path`, then hunks that begin with `@@`."
        )
    return tuple(reading.files)


class _Reading:
    def __init__(self) -> None:
        self.files: list[FileDiff] = []
        self._header: _Header | None = None
        self._hunks: list[_Hunk] = []
        self._moved: dict[str, str] = {}

    def take(self, row: int, line: str, following: str) -> int:
        """How many lines that was."""
        hunk = self._hunks[-1] if self._hunks else None
        if _is_heading(line, following, hunk, row):
            self.finish()
            self._header = _heading(line, following)
            return 2
        if match := _HUNK.fullmatch(line):
            if self._header is None:
                raise ToolError(f"Line {row}: a hunk begins, but no `--- path` and `+++ path` stand before it.")
            self._hunks.append(_Hunk(row, match))
        elif line.startswith("diff --git "):
            self.finish()
        elif hunk is None:
            self._between(row, line)
        elif line[:1] in {"", " ", "+", "-"}:
            hunk.take(line)
        elif line.startswith("\\"):
            hunk.unended()
        else:
            self._between(row, line)
        return 1

    def _between(self, row: int, line: str) -> None:
        if match := _MOVED.fullmatch(line):
            self._moved[match[1]] = match[2]
        elif line.strip() and not _EXTENDED.match(line):
            raise ToolError(
                f"Line {row}: {line.strip()[:60]!r} is no line of a unified diff. Inside a hunk each line begins "
                "with a space, `-` or `+`."
            )

    def finish(self) -> None:
        """What was read so far is all of its file."""
        if self._header is not None:
            last = self._hunks[-1].ends if self._hunks else {}
            ends = None if not last or last.keys() == {"old", "new"} else "old" in last
            blocks = tuple(hunk.block() for hunk in self._hunks)
            self.files.append(FileDiff(path=self._header.path, to=self._header.to, blocks=blocks, ends=ends))
        elif self._moved.keys() == {"from", "to"}:
            self.files.append(FileDiff(path=self._moved["from"], to=self._moved["to"], blocks=(), ends=None))
        self._header, self._hunks, self._moved = None, [], {}


def _is_heading(line: str, following: str, hunk: _Hunk | None, row: int) -> bool:
    if not (line.startswith("--- ") and following.startswith("+++ ")):
        return False
    if hunk is not None and hunk.left is not None and min(hunk.left) > 0:
        raise ToolError(
            f"Line {row} may begin another file, or be a line that the hunk of line {hunk.row} removes. Correct "
            "the numbers after @@, or send the changes of that file with another action."
        )
    return True


def _heading(line: str, following: str) -> _Header:
    old, new = (_named(one[4:]) for one in (line, following))
    if all(one == _NOTHING or one[:2] == prefix for one, prefix in ((old, "a/"), (new, "b/"))):
        old, new = (one if one == _NOTHING else one[2:] for one in (old, new))
    return _Header(path=None if old == _NOTHING else old, to=None if new == _NOTHING else new)


def _named(text: str) -> str:
    """The path of a heading, without the time that some programs write after a tab."""
    return text.partition("\t")[0].strip().strip("\"'`")
