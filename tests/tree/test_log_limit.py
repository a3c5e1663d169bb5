"""A change that landed, and whose confirmation the log could not take any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.limits import files_up_to
from fakes.one_patch import open_tree
from r1code.errors import StateError
from r1code.tree.worktree import WorkTree


def prepared(folder: Path) -> tuple[WorkTree, Path]:
    (folder / "root").mkdir(parents=True)
    tree = open_tree(folder)
    tree.write({"a": b"0"})
    # So long that every other file of a change is shorter.
    tree.write({"a": b"1"}, "long " * 2000)
    (log,) = (folder / "state").glob("*/timeline.jsonl")
    return tree, log


def line_size(folder: Path) -> int:
    """How many bytes the next change takes in the log, without its confirmation."""
    tree, log = prepared(folder)
    before = log.stat().st_size
    tree.write({"a": b"2"})
    first, _ = log.read_bytes()[before:].splitlines(keepends=True)
    return len(first)


@pytest.mark.parametrize("more", [3, 12])
def test_it_is_found_again_by_what_is_on_disk(tmp_path: Path, more: int):
    tree, log = prepared(tmp_path / "tree")
    with files_up_to(log.stat().st_size + line_size(tmp_path / "measure") + more), pytest.raises(StateError):
        tree.write({"a": b"2"})
    assert (tmp_path / "tree/root/a").read_bytes() == b"2"
    for again in (tree, open_tree(tmp_path / "tree")):
        again.write({"a": again.read("a") + b"+"})
    assert (tmp_path / "tree/root/a").read_bytes() == b"2++"
    last = open_tree(tmp_path / "tree")
    contents = []
    while last.timeline.at:
        contents.append((tmp_path / "tree/root/a").read_bytes())
        last.go(last.timeline.moves[last.timeline.at].parent)
    assert contents == [b"2++", b"2+", b"2", b"1", b"0"]
    assert not (tmp_path / "tree/root/a").exists()
