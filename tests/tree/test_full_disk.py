"""On a disk that is really full, a change lands whole or not at all."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.trees import on_disk
from r1code.errors import StateError
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.timeline import Origin
from r1code.tree.worktree import WorkTree

SIZE = 1 << 20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here: A FULL DISK IS NOT TESTED")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def tree_at(root: Path, state: Path) -> WorkTree:
    return WorkTree(
        root,
        Listing(lambda: [*on_disk(root)]),
        Store(state / "store"),
        state=state,
        hidden=lambda _: False,
        origin=Origin,
    )


def test_the_trees_disk_is_full(small: Path, tmp_path: Path) -> None:
    (small / "a").write_bytes(b"a" * 1000)
    (small / "b").write_bytes(b"b" * 1000)
    before = on_disk(small)
    tree = tree_at(small, tmp_path / "state")
    with pytest.raises(StateError, match="nothing was changed"):
        tree.write({"a": b"A" * 1000, "b": b"B" * (2 * SIZE)})
    assert on_disk(small) == before
    assert tree.timeline.moves == {}
    # With room again, all goes on.
    tree.write({"a": b"A" * 1000})
    tree.go(0)
    assert on_disk(small) == before


def test_the_states_disk_is_full(small: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a").write_bytes(b"a" * 1000)
    before = on_disk(root)
    tree = tree_at(root, small)
    with pytest.raises(StateError, match="could not be stored"):
        tree.write({"a": b"A" * (2 * SIZE)})
    assert on_disk(root) == before
    # So full that not even the log of what is done can grow.
    tree.write({"a": b"A"})
    (small / "filler").write_bytes(b"x" * (SIZE - 40_000))
    with pytest.raises(OSError, match="No space"):
        (small / "rest").write_bytes(b"x" * SIZE)
    before = on_disk(root)
    with pytest.raises(StateError, match="free some space"):
        tree.write({"a": b"AA"})
    assert on_disk(root) == before
    (small / "filler").unlink()
    (small / "rest").unlink()
    tree = tree_at(root, small)
    tree.recover()
    tree.go(0)
    assert (root / "a").read_bytes() == b"a" * 1000
