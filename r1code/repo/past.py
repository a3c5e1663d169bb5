"""What was changed together before: the last commits of a repository, with their subjects and files."""

from __future__ import annotations

from msgspec import Struct

from r1code.errors import StateError
from r1code.repo.git import Git

MOST_COMMITS = 1_000
_MOST_FILES = 25
"""A commit with more is about everything, and so about nothing."""
_LOG = (
    "log",
    f"--max-count={MOST_COMMITS}",
    "--no-merges",
    "--no-renames",
    "--no-show-signature",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=all",
    "--name-only",
    "--format=%x01%s",
)


class Commit(Struct, frozen=True, array_like=True):
    subject: str
    paths: tuple[str, ...]
    """Relative to the root of the repository, sorted."""


class Past(Struct, frozen=True, array_like=True):
    head: str = ""
    """Empty: there is no commit, or git cannot say."""
    commits: tuple[Commit, ...] = ()
    """The newest first, without merges and without those that change very much."""


def past_of(git: Git, known: Past, revision: str = "HEAD") -> Past:
    """The last commits up to `revision`; `known` itself, if it is about the same. Where git cannot say: none."""
    if not git.is_repository:
        return Past()
    ran = git.run(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"])
    if ran.code:
        return Past()
    head = ran.output.decode().split()[-1]
    if known.head == head:
        return known
    try:
        output = git.ask([*_LOG, head, "--"], "list its commits", config=["core.quotePath=false"]).output
    except StateError:
        return Past()
    return Past(head, tuple(_commits(output)))


def _commits(output: bytes) -> list[Commit]:
    found: list[Commit] = []
    for part in output.split(b"\1")[1:]:
        subject, *lines = part.split(b"\n")
        # A name in quotes has something in it that no text can hold.
        paths = sorted(line.decode(errors="replace") for line in lines if line and not line.startswith(b'"'))
        if 0 < len(paths) <= _MOST_FILES:
            found.append(Commit(subject.decode(errors="replace"), tuple(paths)))
    return found
