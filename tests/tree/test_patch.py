from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given

from fakes.trees import Spec, snapshot_of, specs
from r1code.tree.entry import Entry
from r1code.tree.patch import FileChange, Patch
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store

ONE = Entry(kind="file", mode=0o644, digest="1")
TWO = Entry(kind="file", mode=0o644, digest="2")


def snapshots(*made: Spec) -> list[Snapshot]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        return [snapshot_of(spec, store) for spec in made]


@given(specs, specs)
def test_a_diff_makes_the_other_tree(before: Spec, after: Spec):
    old, new = snapshots(before, after)
    assert old.with_patch(old.diff(new)) == new
    assert bool(old.diff(new)) == (old != new)
    assert (old.digest == new.digest) == (old == new)


@given(specs, specs)
def test_a_patch_and_its_inverse_cancel_out(before: Spec, after: Spec):
    old, new = snapshots(before, after)
    patch = old.diff(new)
    assert not patch.then(patch.inverse())
    assert patch.inverse().inverse() == patch
    assert patch.inverse() == new.diff(old)


@given(specs, specs, specs)
def test_two_patches_in_a_row_are_one(first: Spec, second: Spec, third: Spec):
    one, two, three = snapshots(first, second, third)
    assert one.diff(two).then(two.diff(three)) == one.diff(three)


@given(specs, specs)
def test_only_and_without_split_a_patch(before: Spec, after: Spec):
    old, new = snapshots(before, after)
    patch = old.diff(new)
    kept, dropped = patch.only(lambda path: "a" in path), patch.without(lambda path: "a" in path)
    assert sorted([*kept.paths, *dropped.paths]) == list(patch.paths)
    assert all("a" in path for path in kept.paths)


def test_patches_that_do_not_meet_are_refused():
    to_one = Patch.of([FileChange(path="a", before=None, after=ONE)])
    from_two = Patch.of([FileChange(path="a", before=TWO, after=None)])
    with pytest.raises(ValueError, match="do not meet at 'a'"):
        to_one.then(from_two)


def test_a_patch_for_another_tree_is_refused():
    patch = Patch.of([FileChange(path="a", before=TWO, after=None)])
    with pytest.raises(ValueError, match="does not fit: 'a'"):
        Snapshot({"a": ONE}).with_patch(patch)
    with pytest.raises(ValueError, match="does not fit: 'a'"):
        Snapshot({}).with_patch(patch)


def test_the_digest_depends_on_mode_kind_and_path():
    trees = [
        Snapshot({"a": ONE}),
        Snapshot({"b": ONE}),
        Snapshot({"a": Entry(kind="file", mode=0o755, digest="1")}),
        Snapshot({"a": Entry(kind="link", mode=0o644, digest="1")}),
        Snapshot({}),
    ]
    assert len({tree.digest for tree in trees}) == len(trees)


def test_what_stands_in_the_way_of_a_refused_change_is_refused_with_it():
    link = Entry(kind="link", mode=0o777, digest="3")
    patch = Patch.of(
        [
            FileChange(path="tests/unit/test_a.py", before=ONE, after=None),
            FileChange(path="tests", before=None, after=link),
            FileChange(path="test", before=None, after=link),
            FileChange(path="shop.py", before=ONE, after=TWO),
        ]
    )
    kept, refused = patch.parted(lambda path: path.endswith("test_a.py"))
    assert kept.paths == ("shop.py", "test")
    assert refused.paths == ("tests", "tests/unit/test_a.py")
