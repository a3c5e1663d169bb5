"""Folders that a person adds with --add-dir: they may be read, and stay as they are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from r1code.app.consent import Consent
from r1code.errors import UsageError
from r1code.repo.git import Git
from r1code.repo.ignore import IGNORE_FILE, ignoring
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree


def beside(names: Iterable[str], git: Git, state: Path, consent: Consent) -> dict[str, WorkTree]:
    """By its name as it was given, the work tree of each folder.

    Raises UsageError for one that cannot be added.
    """
    return {os.path.normpath(name): _tree(name, git, state, consent) for name in names}


def _tree(name: str, git: Git, state: Path, consent: Consent) -> WorkTree:
    folder, root = Path(name).resolve(), git.root.resolve()
    if not folder.is_dir():
        raise _refused(name, "it is not a folder")
    if folder.is_relative_to(root) or root.is_relative_to(folder):
        raise _refused(name, "it is in the project, or the project in it")
    owner = Git.find(folder, state)
    start = "" if owner.root.resolve() == folder else f"{folder.relative_to(owner.root.resolve())}/"
    is_ignored = ignoring(folder)

    def files() -> list[str]:
        return [path.removeprefix(start) for path in owner.files() if path.startswith(start)]

    def hidden(path: str) -> str:
        if consent.is_closed(path):
            return "may hold secrets"
        return f"is hidden by that folder's {IGNORE_FILE}" if is_ignored(path) else ""

    return WorkTree(folder, Listing(files), Store(state / "objects"), state=state, hidden=hidden)


def _refused(name: str, why: str) -> UsageError:
    return UsageError(f"the folder {name} cannot be added", why=why, hint="name another one with --add-dir")
