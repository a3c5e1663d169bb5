"""Which commit a line came with, as git says."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from msgspec import Struct

from r1code.repo.git import Git
from r1code.tree.entry import wrong_with

MOST_COMMITS = 20_000
"""In a longer history git looks for a line for too long."""
_NOT_YET = "0" * 40


class Commit(Struct, frozen=True, kw_only=True):
    """`id` is empty for a line that is not committed."""

    id: str
    subject: str = ""
    time: float | None = None
    """Of its author, in seconds since the epoch."""


def blamed(git: Git, path: str, content: bytes, line: int) -> Commit | None:
    """Of a line of `content`, counted from 1, which is what `path` is by now.

    None: it cannot be told, or only slowly. Raises only UsageError when there is no git.
    """
    if not git.is_repository or git.head() is None or wrong_with(path) is not None:
        return None
    counted = git.run(["rev-list", "--count", f"--max-count={MOST_COMMITS + 1}", "HEAD"])
    if counted.code or int(counted.output) > MOST_COMMITS:
        return None
    with tempfile.TemporaryDirectory(prefix="r1code-") as name:
        file = Path(name) / "content"
        file.write_bytes(content)
        asked = ["blame", "--porcelain", "--no-textconv", f"-L{line},{line}", "--contents", os.fspath(file)]
        ran = git.run([*asked, "--", path], config=[*git.disarmed(), "blame.ignoreRevsFile="])
    if ran.code:
        return None
    head, *rest = ran.output.decode("utf-8", "replace").split("\n")
    commit = head.partition(" ")[0]
    if commit == _NOT_YET:
        return Commit(id="")
    told = dict(one.split(" ", 1) for one in rest if " " in one and not one.startswith("\t"))
    when = told.get("author-time", "")
    return Commit(id=commit, subject=told.get("summary", ""), time=float(when) if when.isdigit() else None)
