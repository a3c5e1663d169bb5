"""Trees of candidates that share their contents: what is done in one is seen in no other, nor in the store."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.house import walk
from fakes.trees import Spec, on_disk, snapshot_of, specs
from r1code.errors import StateError
from r1code.tree.scan import Listing, scan
from r1code.tree.snapshot import Snapshot, materialise
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree

FILES = [f"f{number}" for number in range(4)]
WRITES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(FILES),
        st.none() | st.binary(max_size=9),
        st.sampled_from([0o644, 0o755]),
    ),
    max_size=8,
)


def candidate(root: Path, snapshot: Snapshot, store: Store, *, linked: bool = True) -> WorkTree:
    root.mkdir()
    materialise(snapshot, store, root, linked=linked)
    return WorkTree(root, Listing(lambda: walk(root)), store, state=root.parent / "state", hidden=lambda _: False)


@settings(max_examples=15, deadline=None)
@given(WRITES)
def test_what_one_candidate_writes_no_other_sees(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[int, str, bytes | None, int]]
):
    place = tmp_path_factory.mktemp("trees")
    store = Store(place / "store")
    base: Spec = {path: ("file", 0o644, path.encode()) for path in FILES}
    snapshot = snapshot_of(base, store)
    trees = [candidate(place / f"c{number}", snapshot, store) for number in range(3)]
    model = [dict(base) for _ in trees]
    for number, path, data, mode in writes:
        if data is None and path not in model[number]:
            continue
        trees[number].write({path: data}, modes={path: mode} if data is not None else {})
        if data is None:
            del model[number][path]
        else:
            model[number][path] = ("file", mode, data)
        assert [on_disk(tree.root) for tree in trees] == model
    assert {path: store.get(entry.digest) for path, entry in snapshot.entries.items()} == {
        path: path.encode() for path in FILES
    }
    assert on_disk(candidate(place / "fresh", snapshot, store).root) == base


@settings(max_examples=15, deadline=None)
@given(specs)
def test_a_linked_tree_is_the_snapshot(tmp_path_factory: pytest.TempPathFactory, spec: Spec):
    place = tmp_path_factory.mktemp("tree")
    store = Store(place / "store")
    assert on_disk(candidate(place / "out", snapshot_of(spec, store), store).root) == spec


def test_contents_are_not_copied_where_nothing_is_written_in_place(tmp_path: Path):
    store = Store(tmp_path / "store")
    snapshot = snapshot_of({"a": ("file", 0o644, b"one"), "b": ("file", 0o755, b"two")}, store)
    tree = candidate(tmp_path / "c", snapshot, store)
    inodes = {place.stat().st_ino for place in store.folder.glob("??/*")}
    assert [(tree.root / name).stat().st_ino in inodes for name in "ab"] == [True, False]


def test_what_a_command_writes_in_place_stays_in_its_tree(tmp_path: Path):
    store = Store(tmp_path / "store")
    snapshot = snapshot_of({"a": ("file", 0o644, b"one")}, store)
    first, second = (candidate(tmp_path / name, snapshot, store, linked=False) for name in ("c", "d"))
    with (first.root / "a").open("r+b") as file:
        file.write(b"ONE")
    (first.root / "a").chmod(0o755)
    assert on_disk(second.root) == {"a": ("file", 0o644, b"one")}
    assert store.get(snapshot.entries["a"].digest) == b"one"


def test_a_damaged_content_is_not_linked(tmp_path: Path):
    store = Store(tmp_path / "store")
    snapshot = snapshot_of({"a": ("file", 0o644, b"one")}, store)
    next(store.folder.glob("??/*")).write_bytes(b"other")
    with pytest.raises(StateError, match="damaged"):
        candidate(tmp_path / "c", snapshot, store)


def test_what_was_just_written_is_known_and_what_is_changed_then_is_seen(tmp_path: Path):
    store = Store(tmp_path / "store")
    snapshot = snapshot_of({path: ("file", 0o644, path.encode()) for path in FILES}, store)
    tree = candidate(tmp_path / "c", snapshot, store)
    time.sleep(0.12)
    tree.holds(snapshot)
    for path in (tmp_path / "store").glob("??/*"):
        os.utime(path)
    assert tree.snapshot() == scan(tree.root, FILES, store) == snapshot
    tree.write({"f1": b"new"})
    assert tree.snapshot().diff(snapshot).paths == ("f1",)
