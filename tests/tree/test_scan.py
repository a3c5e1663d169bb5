from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings

from fakes.trees import ODD_NAMES, Spec, on_disk, snapshot_of, specs
from r1code.errors import StateError
from r1code.tree.entry import MAX_BYTES, Entry
from r1code.tree.scan import StatCache, scan
from r1code.tree.snapshot import Snapshot, materialise
from r1code.tree.store import Store

SETTLED_SECONDS = 0.12
"""Longer than the time in which a file's time stamp may stay the same."""


class CountingStore(Store):
    """Counts the contents that a scan handed over, that is: read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.puts = 0

    def put(self, data: bytes, *, durable: bool = True) -> str:
        self.puts += 1
        return super().put(data, durable=durable)


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    return CountingStore(tmp_path / "store")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@settings(max_examples=60, deadline=None)
@given(specs)
def test_what_is_materialised_is_scanned_again(tmp_path_factory: pytest.TempPathFactory, spec: Spec):
    place = tmp_path_factory.mktemp("tree")
    store = Store(place / "store")
    folder = place / "out"
    folder.mkdir()
    snapshot = snapshot_of(spec, store)
    materialise(snapshot, store, folder)
    assert on_disk(folder) == spec
    assert scan(folder, spec, store) == snapshot


def test_odd_names_keep_their_bytes(root: Path, store: Store):
    for name in ODD_NAMES:
        (root / name).write_text(name, errors="surrogateescape")
    found = scan(root, ODD_NAMES, store)
    assert list(found.entries) == sorted(ODD_NAMES)
    assert all(store.get(entry.digest) == os.fsencode(path) for path, entry in found.entries.items())


def test_what_is_no_file_is_left_out(root: Path, store: Store):
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "socket"))
    (root / "folder").mkdir()
    (root / "loop").symlink_to("loop")
    found = scan(root, ["fifo", "socket", "folder", "loop", "missing", "missing/below", "loop/below"], store)
    assert list(found.entries) == ["folder", "loop"]


def test_what_lies_behind_a_link_is_not_part_of_the_tree(root: Path, store: Store, tmp_path: Path):
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "file").write_text("not ours")
    (root / "link").symlink_to(outside)
    assert list(scan(root, ["link", "link/deep/file"], store).entries) == ["link"]


@contextmanager
def ordinary_user(folder: Path) -> Iterator[None]:
    """Root reads everything, so root becomes nobody, to whom `folder` belongs, for the block."""
    if os.geteuid() != 0:
        yield
        return
    os.chown(folder, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_an_unreadable_file_is_named():
    with tempfile.TemporaryDirectory() as name, ordinary_user(Path(name)):
        folder = Path(name)
        (folder / "locked").write_text("x")
        (folder / "locked").chmod(0)
        with pytest.raises(StateError) as caught:
            scan(folder, ["locked"], Store(folder / "objects"))
        assert "'locked'" in caught.value.why


def test_an_unchanged_tree_of_ten_thousand_files_is_not_read_again(
    root: Path, store: CountingStore, tmp_path: Path
):
    paths = [f"d{number % 100}/f{number}" for number in range(10_000)]
    for number, path in enumerate(paths):
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(str(number % 50))
    time.sleep(SETTLED_SECONDS)
    cache = tmp_path / "state" / "stat"
    first = scan(root, paths, store, StatCache(cache))
    assert store.puts == len(paths)
    second = scan(root, paths, store, StatCache(cache))
    assert (second, store.puts) == (first, len(paths))


def test_a_change_of_the_same_size_is_seen(root: Path, store: Store, tmp_path: Path):
    file = root / "a"
    for round_number in range(40):
        file.write_text(f"{round_number:02}")
        found = scan(root, ["a"], store, StatCache(tmp_path / "stat"))
        assert store.get(found.entries["a"].digest) == file.read_bytes()


def test_a_change_that_keeps_size_and_modification_time_is_seen(root: Path, store: Store, tmp_path: Path):
    file = root / "a"
    file.write_text("before")
    then = file.stat().st_mtime_ns - 10_000_000_000
    os.utime(file, ns=(then, then))
    time.sleep(SETTLED_SECONDS)
    cache = tmp_path / "stat"
    first = scan(root, ["a"], store, StatCache(cache))
    file.write_text("after!")
    os.utime(file, ns=(then, then))
    second = scan(root, ["a"], store, StatCache(cache))
    assert first != second
    assert store.get(second.entries["a"].digest) == b"after!"


def test_a_mode_change_is_seen(root: Path, store: Store, tmp_path: Path):
    (root / "a").write_text("x")
    time.sleep(SETTLED_SECONDS)
    cache = tmp_path / "stat"
    scan(root, ["a"], store, StatCache(cache))
    (root / "a").chmod(0o755)
    assert scan(root, ["a"], store, StatCache(cache)).entries["a"].mode == 0o755


@pytest.mark.parametrize("junk", [b"", b"\x93\x01", b"\x81\xa1a\xa1b", b"{}" * 100])
def test_a_corrupt_cache_is_an_empty_one(junk: bytes, root: Path, store: CountingStore, tmp_path: Path):
    (root / "a").write_text("x")
    time.sleep(SETTLED_SECONDS)
    cache = tmp_path / "stat"
    cache.write_bytes(junk)
    assert list(scan(root, ["a"], store, StatCache(cache)).entries) == ["a"]
    scan(root, ["a"], store, StatCache(cache))
    assert store.puts == 1


def test_a_file_that_is_too_large_is_left_out_and_named_and_not_even_read(root: Path, store: Store):
    for name, size in {"fits": MAX_BYTES, "large": MAX_BYTES + 1, "huge": 10**13}.items():
        with (root / name).open("wb") as file:
            file.truncate(size)
    named: list[str] = []
    assert list(scan(root, ["fits", "huge", "large"], store, large=named).entries) == ["fits"]
    assert named == ["huge", "large"]


def test_empty_folders_are_found_and_those_with_anything_else_in_them_are_not(root: Path, store: Store):
    (root / "a").mkdir()
    for path in ("a/file", "cache/deep/file"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x")
    for path in ("a/e/f", "a/e/g", "h", "links", ".git/refs"):
        (root / path).mkdir(parents=True)
    (root / "links" / "to").symlink_to(root / "h")
    (root / "out").symlink_to(root / "h")
    found = scan(root, ["a/file"], store)
    assert list(found.entries) == ["a/e/f", "a/e/g", "a/file", "h"]
    kept = scan(root, ["a/file"], store, ignored={"h/"}.intersection)
    assert list(kept.entries) == ["a/e/f", "a/e/g", "a/file"]


def test_empty_folders_that_come_and_go_are_seen_beside_a_cache(root: Path, store: Store, tmp_path: Path):
    (root / "d").mkdir()
    (root / "d/file").write_text("x")
    time.sleep(SETTLED_SECONDS)
    cache = tmp_path / "stat"
    for change in (
        lambda: None,
        lambda: (root / "d/e/f").mkdir(parents=True),
        (root / "g").mkdir,
        (root / "d/e/f").rmdir,
        lambda: (root / "g/ignored").write_text("x"),
        (root / "d/e").rmdir,
    ):
        change()
        for wait in (0, SETTLED_SECONDS):
            time.sleep(wait)
            assert scan(root, ["d/file"], store, StatCache(cache)) == scan(root, ["d/file"], store)


def test_a_content_that_the_store_lost_is_read_again(root: Path, store: Store, tmp_path: Path):
    (root / "a").write_text("x")
    time.sleep(SETTLED_SECONDS)
    cache = tmp_path / "stat"
    digest = scan(root, ["a"], store, StatCache(cache)).entries["a"].digest
    (store.folder / digest[:2] / digest[2:]).unlink()
    scan(root, ["a"], store, StatCache(cache))
    assert store.get(digest) == b"x"


@pytest.mark.parametrize("path", ["../x", "/x", ".git/hooks/x", "a/../../x", "a/b"])
def test_a_tree_that_cannot_be_is_not_materialised(path: str, root: Path, store: Store):
    link = Entry(kind="link", mode=0o777, digest=store.put(b"/"))
    file = Entry(kind="file", mode=0o644, digest=store.put(b"x"))
    with pytest.raises(ValueError, match="cannot be in a work tree"):
        materialise(Snapshot({"a": link, path: file}), store, root)
    assert on_disk(root) == {}


def test_a_stored_content_cut_short_by_a_power_cut_is_stored_again(store: Store):
    digest = store.put(b"content")
    (store.folder / digest[:2] / digest[2:]).write_bytes(b"")
    assert store.put(b"content") == digest
    assert store.get(digest) == b"content"


def test_a_missing_or_damaged_content_is_told(store: Store):
    digest = store.put(b"content")
    (store.folder / digest[:2] / digest[2:]).write_bytes(b"CONTENT")
    with pytest.raises(StateError, match="damaged"):
        store.get(digest)
    with pytest.raises(StateError, match="missing"):
        store.get("0" * 64)
