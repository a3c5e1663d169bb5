"""Applies one patch to a work tree, through the same gate as r1code: a program to be killed in the middle.

`one_patch.py FOLDER`: the tree is FOLDER/root, the state FOLDER/state, contents in FOLDER/store.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from r1code.tree.entry import Entry
from r1code.tree.patch import FileChange, Patch
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.timeline import Origin
from r1code.tree.worktree import WorkTree

BEFORE = {"a.py": "a\n", "deep/b.py": "b\n", "gone/c.py": "c\n", "d.sh": "d\n"}
AFTER = {"a.py": "A\n" * 2000, "deep/b.py": "B\n", "d.sh": "d\n", "new/er/e.py": "e\n"}


def open_tree(folder: Path) -> WorkTree:
    root = folder / "root"

    def files() -> list[str]:
        return [str(one.relative_to(root)) for one in root.rglob("*") if one.is_symlink() or one.is_file()]

    return WorkTree(
        root,
        Listing(files),
        Store(folder / "store"),
        state=folder / "state",
        hidden=lambda _: False,
        origin=Origin,
    )


def patch(folder: Path) -> Patch:
    """From BEFORE to AFTER, with a changed mode and a new link as well."""
    store, tree = Store(folder / "store"), open_tree(folder)
    changes = [
        FileChange(
            path=path,
            before=tree.entry(path),
            after=None
            if path not in AFTER
            else Entry(
                kind="file", mode=0o755 if path == "d.sh" else 0o644, digest=store.put(AFTER[path].encode())
            ),
        )
        for path in {*BEFORE, *AFTER}
    ]
    link = Entry(kind="link", mode=0o777, digest=store.put(b"a.py"))
    return Patch.of([*changes, FileChange(path="link", before=None, after=link)])


def main() -> None:
    folder = Path(sys.argv[1])
    tree, wanted = open_tree(folder), patch(folder)
    # What is killed begins here: with the first system call that names this path.
    os.access(folder / "begin", os.F_OK)
    tree.apply(wanted, "one patch")


if __name__ == "__main__":
    main()
