"""The work tree of a folder, for commands that work on it without a session."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from r1code.control import Control
from r1code.errors import StateError, UsageError
from r1code.naming import first_of
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.repo.ignore import ignoring
from r1code.tree.caches import in_cache
from r1code.tree.scan import Listing
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.tree.timeline import Origin
from r1code.tree.worktree import WorkTree


def open_tree(git: Git, state: Path, *, for_model: bool = False) -> WorkTree:
    """`for_model`: without what .r1codeignore hides. Raises UsageError where that cannot be used."""
    is_ignored = ignoring(git.root) if for_model else None
    listing = Listing(git.files, git.ignored)
    return WorkTree(
        git.root,
        listing,
        Store(state / "objects"),
        state=state,
        hidden=is_secret if is_ignored is None else lambda path: is_secret(path) or is_ignored(path),
        origin=Origin,
    )


@contextmanager
def held(tree: WorkTree, control: Control, say: Callable[[str], None]) -> Generator[None, None, None]:
    """Holds the tree while the block runs, with all that a crash interrupted ended. Raises as `locked`."""
    with tree.locked(control):
        for recovery in tree.recover():
            say(f"a change that a crash had interrupted was completed: {', '.join(recovery.patch.paths)}")
        yield


def tell_dirty(git: Git, say: Callable[[str], None]) -> None:
    """Says what was changed before r1code works on it."""
    try:
        paths = git.dirty()
    except (StateError, UsageError) as error:
        say(f"whether there are uncommitted changes is not known: {error.what}")
        return
    if paths:
        say(f"uncommitted changes are part of what r1code works on: {first_of(paths)}")


def branch_of(git: Git) -> str:
    """The branch that is checked out, as text that JSON can carry; empty: none, or it is not known."""
    try:
        name = (git.branch() or "") if git.is_repository else ""
    except StateError:
        return ""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def walked(root: Path) -> list[str]:
    """All files and links below a folder, sorted."""
    found: list[str] = []
    start = len(f"{root}/")
    for folder, names, files in os.walk(root):
        links = [name for name in names if (Path(folder) / name).is_symlink()]
        above = f"{folder}/"[start:]
        found += [f"{above}{name}" for name in (*files, *links)]
    return sorted(found)


def copied(root: Path, git: Git, snapshot: Snapshot | None = None) -> Listing:
    """Of a copy of the tree of `git`: what is in it now, and what comes into it that git would not ignore.

    `snapshot`: what was in it at first, where that is not what is in it now.
    """
    base = frozenset(walked(root) if snapshot is None else snapshot.entries)

    def paths() -> list[str]:
        found = walked(root)
        fresh = {path for path in found if path not in base}
        # A cache may say in itself that git ignores it, which git can be asked only where it lies.
        left = {path for path in fresh if in_cache(path)}
        left |= git.ignored(sorted(fresh - left)) if fresh - left else set[str]()
        return [path for path in found if path not in left]

    return Listing(paths, git.ignored)
