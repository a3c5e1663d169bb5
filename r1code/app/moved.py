"""Where a stopped session goes on: where it was begun, or in another checkout of the same files."""

from __future__ import annotations

from pathlib import Path

from r1code.app.guided import hiding
from r1code.app.stopped import Resumable
from r1code.app.tree import open_tree
from r1code.errors import UsageError
from r1code.repo.git import Git
from r1code.repo.ignore import IGNORE_FILE
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store

_MOST_NAMED = 3


def place_of(stopped: Resumable, folder: Path | None, state: Path) -> Git:
    """The work tree of a session that goes on. `folder`: where a person says that it is by now.

    Only a repair can go on elsewhere, for it works on a copy, and only where all files are what they were.
    Raises UsageError and StateError.
    """
    begun, name = Path(stopped.opened.root), stopped.folder.name
    if folder is None:
        if not begun.is_dir():
            raise UsageError(
                f"the work tree of the session {name} is not here",
                why=f"it was begun in {begun}",
                hint=f"-C FOLDER names another checkout of the same commit: r1code resume {name} -C .",
            )
        return _hiding_the_same(stopped, Git.find(begun, state))
    git = Git.find(folder, state)
    if git.root == begun:
        return _hiding_the_same(stopped, git)
    if stopped.opened.command != "fix":
        raise UsageError(
            f"the session {name} cannot go on here",
            why="it worked in place, and what it changed is there",
            hint=f"resume it without -C, in {begun}",
        )
    base = Snapshot.unpack(Store(state / "objects").get(stopped.task.base))
    if changed := base.diff(open_tree(git, state).snapshot()):
        raise UsageError(
            f"the session {name} cannot go on here",
            why=f"{git.root} has other files than it began with: {', '.join(changed.paths[:_MOST_NAMED])}",
            hint="check out the same commit, without changes of your own, or begin anew: r1code fix",
        )
    return _hiding_the_same(stopped, git)


def _hiding_the_same(stopped: Resumable, git: Git) -> Git:
    """Raises UsageError where a repair would go on with a tree that says otherwise what the model must not see.

    Its files are those of then; a job may by now have checked out others in the same folder.
    """
    then = stopped.task.conditions.hiding
    if stopped.opened.command == "fix" and then is not None and hiding(git.root) != then:
        raise UsageError(
            f"the session {stopped.folder.name} cannot go on here",
            why=f"{IGNORE_FILE} is not what it was when it began, and it says what is hidden from the model",
            hint="put it back, or begin anew: r1code fix",
        )
    return git
