"""What is changed in a work tree since a commit, as text."""

from __future__ import annotations

import tempfile
from pathlib import Path

from r1code.errors import UsageError
from r1code.repo.draft import Draft
from r1code.repo.git import Git


def difference(git: Git, revision: str | None = None, *, stat: bool = False) -> bytes:
    """What the work tree, new files included, has that `revision` has not; HEAD where none is named.

    `git apply` takes it as it is. With `stat`: how many lines in which file. Nothing is written to the
    repository. Raises UsageError and StateError.
    """
    if not git.is_repository:
        raise UsageError(
            "there is nothing to compare with",
            why=f"{git.root} is in no git repository",
            hint="run `git init` there first; `r1code checkpoints show N` shows what r1code changed",
        )
    with tempfile.TemporaryDirectory(prefix="r1code-") as name:
        draft = Draft(git, Path(name), lean=True)
        head = git.head()
        draft.read(head)
        if revision is None:
            before = draft.empty_tree() if head is None else f"{head}^{{tree}}"
        else:
            before = git.tree(revision)
        draft.add(git.changes())
        return draft.diff(before, draft.tree(), ["--stat=100"] if stat else ["-p", "--binary", "--find-renames"])
