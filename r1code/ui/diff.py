"""A unified diff, line by line, each with what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from r1code.ui.piece import Style

_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")


class DiffLine(Struct, frozen=True):
    text: str
    style: Style


def diff_lines(diff: str) -> Iterator[DiffLine]:
    """The lines of `diff`. Inside a hunk the first character decides, elsewhere a line is a heading.

    A removed line `-- x` is shown as removed although it reads `--- x`: hunks are counted, not guessed.
    """
    old = new = 0
    for line in diff.removesuffix("\n").split("\n"):
        if old > 0 or new > 0:
            yield DiffLine(line, _STYLES.get(line[:1], "plain"))
            old -= line[:1] in {"-", " ", ""}
            new -= line[:1] in {"+", " ", ""}
            continue
        hunk = _HUNK.match(line)
        if hunk:
            old, new = (1 if size is None else int(size) for size in hunk.groups())
        outside: Style = "dim" if line.startswith("\\") else "strong"
        yield DiffLine(line, "hunk" if hunk else outside)


_STYLES: dict[str, Style] = {"+": "added", "-": "removed", "\\": "dim"}
