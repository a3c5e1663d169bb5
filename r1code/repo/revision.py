"""Commits as a person names them, and what they changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from r1code.repo.git import Git
from r1code.repo.plumbing import checked

_MOST_PATHS = 500
_MOST_LINES = 20_000
"""Of a diff; of a longer one the statistics say more."""
_PLAIN = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--submodule=short")


def commit_of(git: Git, revision: str) -> str | None:
    """The hash of the commit that git knows under that name. None: it knows none. Raises StateError."""
    if revision.startswith("-"):
        return None
    asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    ran = git.run(asked)
    return ran.output.decode().split()[-1] if ran.code == 0 else None


def check_out(git: Git, tree: str, folder: Path) -> None:
    """Writes what a tree has into an empty folder, without filters and submodules.

    Raises StateError, and UsageError as `disarmed`.
    """
    with TemporaryDirectory() as place:
        env, config = {"GIT_INDEX_FILE": f"{place}/index"}, git.disarmed()
        checked(git.run(["read-tree", tree], config=config, env=env), "read a commit")
        # The slash: what is given is put before each path as it is.
        arguments = ["checkout-index", "--all", "--quiet", f"--prefix={folder}/"]
        checked(git.run(arguments, config=config, env=env), "write the files of a commit")


def held(git: Git, path: str) -> list[bytes]:
    """What a file holds in the last commit, and in the index, as far as it is in them."""
    found = [git.run(["cat-file", "blob", f"{where}:{path}"]) for where in ("HEAD", "")]
    return [ran.output for ran in found if ran.code == 0]


def shown(git: Git, commits: Sequence[str], is_hidden: Callable[[str], bool]) -> tuple[str, str]:
    """What one commit did, or what is different between two: a line about it, and its statistics and diff.

    Of hidden files nothing is said, not even that they changed. Raises StateError.
    """
    last = commits[-1]
    ends = [commits[0], last] if len(commits) > 1 else [_parent(git, last), last]
    subject = git.ask(["log", "-1", "--no-show-signature", "--format=%h %s", last], "read a commit").output
    heading = os.fsdecode(subject).strip()
    if len(commits) > 1:
        heading = f"from {commits[0][:10]} to {heading}"
    counted = git.ask(["diff", "--numstat", "-z", *_PLAIN, *ends], "compare two commits").names
    lines = {path: count for path, count in map(_counted, counted) if not is_hidden(path)}
    some = [*lines][:_MOST_PATHS]
    if not some:
        return heading, "(nothing that can be shown)"
    what = ["--stat=100", "--patch"] if sum(lines.values()) <= _MOST_LINES else ["--stat=100"]
    asked = ["diff", *what, *_PLAIN, *ends, "--", *(f":(top,literal){path}" for path in some)]
    text = git.ask(asked, "compare two commits").output.decode(errors="replace")
    more = f"\n[{len(lines) - len(some)} more files]" if len(lines) > len(some) else ""
    return heading, text.rstrip() + more


def _counted(row: str) -> tuple[str, int]:
    """The path, and how many lines it gained and lost; of a binary file git counts none."""
    gained, lost, path = row.split("\t", 2)
    return path, sum(int(count) for count in (gained, lost) if count.isdigit())


def _parent(git: Git, commit: str) -> str:
    """The first one, or, of a first commit, the tree with nothing in it."""
    found = commit_of(git, f"{commit}^1")
    return (
        found
        or git.ask(["hash-object", "-t", "tree", "/dev/null"], "name the empty tree").output.decode().strip()
    )
