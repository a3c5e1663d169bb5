"""Whose files say how to work here: the work tree's, or a revision's where the tree is a stranger's."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from r1code.errors import UsageError
from r1code.repo.git import Git
from r1code.repo.ignore import IGNORE_FILE
from r1code.repo.revision import check_out
from r1code.tree.entry import look


@contextmanager
def guide_of(git: Git, state: Path, revision: str | None) -> Generator[Git, None, None]:
    """Where settings, instructions and the test command are read, while the block runs.

    None: in the work tree. Else in a copy of the revision, and a work tree that hides other files from the model
    than the revision does is refused. Raises UsageError and StateError.
    """
    if revision is None:
        yield git
        return
    try:
        tree = git.tree(revision)
    except UsageError as error:
        raise UsageError(
            error.what, why=error.why, hint=f"a shallow clone lacks it: git fetch --depth 1 origin {revision}"
        ) from error
    state.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="guide-", dir=state, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        check_out(git, tree, folder)
        if hiding(git.root) != hiding(folder):
            raise UsageError(
                f"the work tree has another {IGNORE_FILE} than {revision}",
                why="what is hidden from the model is said by the revision that is trusted, not by the work tree",
                hint=f"merge that file into {revision} first, or take it from there",
            )
        yield Git.plain(folder, state)


def hiding(root: Path) -> str:
    """The digest of what a tree's own file says that is hidden; empty: it has none. Raises UsageError."""
    try:
        found = look(root, IGNORE_FILE)
    except OSError as error:
        raise UsageError(
            f"{IGNORE_FILE} cannot be used", why=str(error), hint="make it a file that can be read"
        ) from error
    return "" if found is None else f"{found[0].kind} {found[0].digest}"
