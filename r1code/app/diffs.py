"""What is changed in a work tree since a commit: as text, and as a patch."""

from __future__ import annotations

import tempfile
from pathlib import Path

from r1code.errors import ToolError, UsageError
from r1code.repo.draft import Draft, Staged
from r1code.repo.git import Git
from r1code.repo.history import History
from r1code.tree.entry import Entry
from r1code.tree.patch import FileChange, Patch
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree

_LINK, _FILE, _PROGRAM = "120000", "100644", "100755"


def difference(git: Git, revision: str | None = None, *, stat: bool = False) -> bytes:
    """What the work tree, new files included, has that `revision` has not; HEAD where none is named.

    `git apply` takes it as it is. With `stat`: how many lines in which file. Nothing is written to the
    repository. Raises UsageError and StateError.
    """
    _refuse_without_git(git)
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


def changed_since(git: Git, revision: str, tree: WorkTree, store: Store) -> Patch:
    """The same of what r1code sees in the tree, as a patch whose contents are in `store`.

    Without what is hidden, too large, or a repository of its own. Raises as `difference`.
    """
    _refuse_without_git(git)
    with tempfile.TemporaryDirectory(prefix="r1code-") as name:
        draft = Draft(git, Path(name), lean=True)
        draft.read(git.head())
        before = git.tree(revision)
        draft.add(git.changes())
        staged = draft.changes(draft.tree(), before)
    now = tree.snapshot().entries
    seen = [one for one in staged if one.path not in tree.too_large and _is_visible(tree, one.path)]
    wanted = list(dict.fromkeys(one.name for one in seen if one.mode in {_LINK, _FILE, _PROGRAM}))
    digests = {blob.name: store.put(data) for blob, data in History(git.root).contents(wanted)}
    return Patch.of(
        FileChange(path=one.path, before=_then(one, digests, now.get(one.path)), after=now.get(one.path))
        for one in seen
        if one.name in digests or not one.name.strip("0")
    )


def _refuse_without_git(git: Git) -> None:
    if not git.is_repository:
        raise UsageError(
            "there is nothing to compare with",
            why=f"{git.root} is in no git repository",
            hint="run `git init` there first; `r1code checkpoints show N` shows what r1code changed",
        )


def _is_visible(tree: WorkTree, path: str) -> bool:
    try:
        tree.resolve(path, follow_last=False)
    except ToolError:
        return False
    return True


def _then(staged: Staged, digests: dict[str, str], now: Entry | None) -> Entry | None:
    if staged.name not in digests:
        return None
    if staged.mode == _LINK:
        return Entry(kind="link", mode=0o777, digest=digests[staged.name])
    # Git knows of a mode only whether it is a program.
    is_program = staged.mode == _PROGRAM
    as_now = now is not None and now.kind == "file" and bool(now.mode & 0o100) == is_program
    mode = now.mode if now is not None and as_now else 0o755 if is_program else 0o644
    return Entry(kind="file", mode=mode, digest=digests[staged.name])
