"""Contents compared line by line, by git.

Rather than a library: git stays near linear where difflib is quadratic and patience gives up (few different
lines), ends a line at a line feed only, is here already, and its hunks are those of the patch's text.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from r1code.repo.plumbing import checked, run
from r1code.repo.unified import ALONE
from r1code.tree.hunks import CONTEXT, Review, Run, review_with
from r1code.tree.patch import Patch
from r1code.tree.store import Store

_DIFF = [
    "diff",
    *("--no-index", "-U0", "--text", "--diff-algorithm=myers", "--indent-heuristic", "--no-renames"),
    *("--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/"),
    *("old", "new"),
]
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_DIFFERENT = 1


def review(patch: Patch, store: Store, *, context: int = CONTEXT) -> Review:
    """The choices of a patch, with git's comparison. Raises StateError."""
    return review_with(compare, patch, store, context=context)


def compare(pairs: Sequence[tuple[bytes, bytes]]) -> list[tuple[Run, ...]]:
    """Of each pair the runs that differ, in order. Raises StateError when git fails."""
    found: dict[int, list[Run]] = {}
    with tempfile.TemporaryDirectory(prefix="r1code-") as name:
        folder = Path(name).resolve()
        for side in ("old", "new"):
            (folder / side).mkdir()
        asked = [index for index, (old, new) in enumerate(pairs) if old != new]
        for index in asked:
            for side, content in zip(("old", "new"), pairs[index], strict=True):
                (folder / side / str(index)).write_bytes(content)
        if asked:
            found = _compared(folder)
    return [tuple(found.get(index, ())) for index in range(len(pairs))]


def _compared(folder: Path) -> dict[int, list[Run]]:
    # The folder for temporary files may lie in somebody's repository, whose settings count for nothing here.
    ran = run(folder, _DIFF, env={**ALONE, "GIT_CEILING_DIRECTORIES": str(folder.parent)})
    if ran.code != _DIFFERENT:
        checked(ran, "compare contents")
    lines = ran.output.split(b"\n")
    found: dict[int, list[Run]] = {}
    runs: list[Run] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith(b"diff --git "):
            runs = found.setdefault(int(line.rpartition(b"/")[2]), [])
        elif (hunk := _HUNK.match(line)) is not None:
            old, old_count, new, new_count = (1 if number is None else int(number) for number in hunk.groups())
            # Of no lines git names the one before them.
            runs.append(Run(old - (old_count > 0), old_count, new - (new_count > 0), new_count))
            at += old_count + new_count
    return found
