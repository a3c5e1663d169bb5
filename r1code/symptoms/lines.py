"""The lines of a CI log as the program printed them, without what the CI put around them.

Known: GitHub Actions (the web's raw log, `gh run view --log`), GitLab CI, Jenkins with its timestamps. Memory is
bounded, however long a log or a line of it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

LONGEST = 2_000
"""Characters of a line; the rest of a longer one is dropped."""
_PIECE = 1 << 16
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_GH_VIEW = re.compile(r"[^\t]{1,200}\t[^\t]{1,200}\t(?=\ufeff?\d{4}-\d\d-\d\dT)")
_STAMP = re.compile(r"\ufeff?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)? ")
_GITLAB = re.compile(r"\d\d[OE](?P<more>[ +])")
_JENKINS = re.compile(r"\[\d{4}-\d\d-\d\dT[\d:.]+Z\] |\d\d:\d\d:\d\d  |\[[\w .-]{1,60}\] (?=\+ |\[Pipeline\])")
_SECTION = re.compile(r"section_(?:start|end):\d+:[\w.-]+(?:\[[^\]]*\])?\r?")


def lines_of(file: BinaryIO) -> Iterator[str]:
    """Each line without its end. Raises only OSError."""
    while piece := file.readline(_PIECE):
        line = piece
        while not piece.endswith(b"\n") and (piece := file.readline(_PIECE)):
            # The rest of a very long line.
            continue
        yield plain(line[: 4 * LONGEST].decode("utf-8", "replace"))


def plain(line: str) -> str:
    """A line of a log as the program wrote it, as a terminal would have left it."""
    line = line.rstrip("\r\n")
    line = _GH_VIEW.sub("", line, count=1)
    stamped = _STAMP.match(line)
    if stamped is not None:
        line = line[stamped.end() :]
        if (found := _GITLAB.match(line)) is not None:
            line = line[found.end() :]
    line = _JENKINS.sub("", line, count=1) if _JENKINS.match(line) else line
    line = _SECTION.sub("", _ANSI.sub("", line))
    # What was written over is gone, as progress bars are.
    return line.rstrip("\r").rpartition("\r")[2].removeprefix("\ufeff")[:LONGEST]
