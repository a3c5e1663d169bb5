from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.trees import Spec, on_disk, snapshot_of, specs, write_out
from r1code.errors import StateError
from r1code.tree.entry import Entry
from r1code.tree.journal import apply, recover
from r1code.tree.patch import FileChange, Patch
from r1code.tree.scan import scan
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store

BEFORE: Spec = {
    "kept": ("file", 0o644, b"kept"),
    "edited": ("file", 0o755, b"old"),
    "mode": ("file", 0o644, b"same"),
    "deep/er/gone": ("file", 0o644, b"gone"),
    "file to folder": ("file", 0o644, b"x"),
    "folder to file/inside": ("file", 0o644, b"y"),
    "link": ("link", 0o777, b"kept"),
    "link to file": ("link", 0o777, b"/nowhere"),
    "\udcff": ("file", 0o600, b"not UTF-8"),
}
AFTER: Spec = {
    "kept": ("file", 0o644, b"kept"),
    "edited": ("file", 0o755, b"new"),
    "mode": ("file", 0o755, b"same"),
    "file to folder/inside": ("file", 0o644, b"x"),
    "folder to file": ("file", 0o644, b"y"),
    "link": ("link", 0o777, b"edited"),
    "link to file": ("file", 0o644, b"a file"),
    "new/deep/file": ("file", 0o600, b"created"),
    "new/li\nnk": ("link", 0o777, b"\xff"),
    "\udcff": ("file", 0o600, b"still not \xff"),
}


class CrashError(Exception):
    """What stands for the end of the process: nothing catches it."""


class World:
    """A tree on disk with a patch for it."""

    def __init__(self, folder: Path, before: Spec = BEFORE, after: Spec = AFTER) -> None:
        self.root = folder / "root"
        self.state = folder / "state"
        self.store = Store(folder / "store")
        self.before, self.after = before, after
        self.root.mkdir()
        write_out(before, self.root)
        self.patch = snapshot_of(before, self.store).diff(snapshot_of(after, self.store))

    def now(self) -> Spec:
        return on_disk(self.root)

    def leftovers(self) -> list[Path]:
        return [place for place in self.state.rglob("*") if place.is_file()]

    def steps(self) -> list[str]:
        """The steps of this patch, by doing it and undoing it again."""
        steps: list[str] = []
        apply(self.root, self.patch, self.store, self.state, fault=steps.append)
        apply(self.root, self.patch.inverse(), self.store, self.state)
        return steps

    def crash(self) -> None:
        """Dies when the patch is ready and nothing of it has landed."""

        def fault(step: str) -> None:
            if step.startswith("delete"):
                raise CrashError

        with pytest.raises(CrashError):
            apply(self.root, self.patch, self.store, self.state, fault=fault)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_patch_lands_whole_and_its_inverse_takes_it_back(world: World):
    apply(world.root, world.patch, world.store, world.state)
    assert world.now() == world.after
    assert not (world.root / "deep").exists()
    apply(world.root, world.patch.inverse(), world.store, world.state)
    assert world.now() == world.before
    assert world.leftovers() == []


@settings(max_examples=60, deadline=None)
@given(specs, specs)
def test_any_tree_becomes_any_other_and_back(tmp_path_factory: pytest.TempPathFactory, before: Spec, after: Spec):
    world = World(tmp_path_factory.mktemp("world"), before, after)
    apply(world.root, world.patch, world.store, world.state)
    assert world.now() == after
    apply(world.root, world.patch.inverse(), world.store, world.state)
    assert world.now() == before


def test_folders_that_were_empty_before_stay(world: World):
    (world.root / "deep" / "empty").mkdir()
    apply(world.root, world.patch, world.store, world.state)
    assert sorted(place.name for place in (world.root / "deep").iterdir()) == ["empty"]


def test_a_failure_at_any_step_leaves_the_tree_as_it_was(world: World):
    steps = world.steps()
    assert len(steps) > 20
    for failing in range(len(steps)):
        done: list[str] = []

        def fault(step: str, done: list[str] = done, failing: int = failing) -> None:
            done.append(step)
            if len(done) == failing + 1:
                raise OSError(errno.ENOSPC, "no space left", step)

        with pytest.raises(StateError, match="no space left"):
            apply(world.root, world.patch, world.store, world.state, fault=fault)
        assert world.now() == world.before, steps[failing]
        assert world.leftovers() == []


def test_a_crash_at_any_step_is_before_or_after_once_recovered(world: World):
    steps = world.steps()
    seen = set()
    for crashing in range(len(steps)):
        done: list[str] = []

        def fault(step: str, done: list[str] = done, crashing: int = crashing) -> None:
            done.append(step)
            if len(done) == crashing + 1:
                raise CrashError

        with pytest.raises(CrashError):
            apply(world.root, world.patch, world.store, world.state, fault=fault)
        recovered = recover(world.root, world.store, world.state)
        landed = world.now() == world.after
        assert landed or world.now() == world.before, steps[crashing]
        assert [(one.patch, one.left) for one in recovered] == ([(world.patch, ())] if landed else [])
        assert world.leftovers() == []
        assert recover(world.root, world.store, world.state) == []
        if landed:
            apply(world.root, world.patch.inverse(), world.store, world.state)
        seen.add(landed)
    assert seen == {True, False}


KILLED = """
import os, signal, sys
from pathlib import Path
import msgspec, json
from r1code.tree.journal import apply
from r1code.tree.patch import Patch
from r1code.tree.store import Store

folder, patch, last = Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
steps = 0

def fault(step):
    global steps
    if steps == last:
        os.kill(os.getpid(), signal.SIGKILL)
    steps += 1

apply(folder / "root", msgspec.convert(patch, type=Patch), Store(folder / "store"), folder / "state", fault=fault)
"""


def test_kill_9_at_any_step_is_before_or_after_once_recovered(tmp_path: Path):
    before: Spec = {"a": ("file", 0o644, b"a"), "b": ("file", 0o644, b"b"), "c/d": ("file", 0o644, b"d")}
    after: Spec = {"a": ("file", 0o755, b"A"), "b/x": ("file", 0o644, b"x"), "e": ("link", 0o777, b"a")}
    world = World(tmp_path, before, after)
    patch = json.dumps(msgspec.to_builtins(world.patch))
    steps = world.steps()
    assert len(steps) >= 10
    outcomes = []
    for last in range(len(steps)):
        killed = subprocess.run(
            [sys.executable, "-P", "-c", KILLED, str(tmp_path), patch, str(last)],
            capture_output=True,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        recover(world.root, world.store, world.state)
        outcomes.append(world.now() == after)
        assert world.now() in (before, after), steps[last]
        assert world.leftovers() == []
        if outcomes[-1]:
            apply(world.root, world.patch.inverse(), world.store, world.state)
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {True, False}


def test_files_that_the_user_changed_are_named_and_nothing_happens(world: World):
    (world.root / "edited").write_text("by the user")
    (world.root / "new" / "deep").mkdir(parents=True)
    (world.root / "new" / "deep" / "file").write_text("in the way")
    before = world.now()
    with pytest.raises(StateError) as raised:
        apply(world.root, world.patch, world.store, world.state)
    assert raised.value.why == "something else changed 'edited', 'new/deep/file'"
    assert world.now() == before
    assert world.leftovers() == []


def test_a_folder_with_other_files_is_not_replaced_by_a_file(world: World):
    (world.root / "folder to file" / "untracked").write_text("the user's")
    with pytest.raises(StateError, match="not as they were"):
        apply(world.root, world.patch, world.store, world.state)
    assert (world.root / "folder to file" / "untracked").read_text() == "the user's"


def test_what_changes_between_the_check_and_the_write_is_not_overwritten(world: World):
    def user(step: str) -> None:
        if step == "intent":
            (world.root / "edited").write_text("just now")

    with pytest.raises(StateError, match="'edited'"):
        apply(world.root, world.patch, world.store, world.state, fault=user)
    assert world.now() == {**world.before, "edited": ("file", 0o755, b"just now")}
    assert world.leftovers() == []


def test_recovery_leaves_alone_and_names_what_somebody_changed_since(world: World):
    world.crash()
    (world.root / "edited").write_text("after the crash")
    [recovered] = recover(world.root, world.store, world.state)
    assert recovered.left == ("edited",)
    assert "edited" not in recovered.patch.paths
    assert world.now() == {**world.after, "edited": ("file", 0o755, b"after the crash")}


def test_recovery_needs_no_temporary_file(world: World):
    world.crash()
    for waiting in world.root.rglob(".r1code-*"):
        waiting.unlink()
    assert len(recover(world.root, world.store, world.state)) == 1
    assert world.now() == world.after


def test_a_pending_patch_lands_before_the_next_one(world: World):
    world.crash()
    apply(world.root, world.patch.inverse(), world.store, world.state)
    assert world.now() == world.before
    assert recover(world.root, world.store, world.state) == []


def test_another_trees_pending_patch_is_not_touched(world: World, tmp_path: Path):
    world.crash()
    other = tmp_path / "other"
    other.mkdir()
    assert recover(other, world.store, world.state) == []
    assert len(recover(world.root, world.store, world.state)) == 1


@pytest.mark.parametrize("torn", [b"", b"{", b"[]", b'{"root": "/"}'])
def test_a_torn_record_is_dropped(torn: bytes, world: World):
    world.state.mkdir()
    (world.state / "0123.prepare").write_bytes(torn)
    assert recover(world.root, world.store, world.state) == []
    assert world.leftovers() == []


def test_a_content_that_is_missing_changes_nothing(world: World):
    lost = Entry(kind="file", mode=0o644, digest="0" * 64)
    patch = Patch.of([*world.patch.changes, FileChange(path="zzz", before=None, after=lost)])
    with pytest.raises(StateError, match="nothing was changed"):
        apply(world.root, patch, world.store, world.state)
    assert world.now() == world.before
    assert world.leftovers() == []


@pytest.mark.parametrize(
    "path", ["../out", "/tmp/out", ".git/config", "sub/.GIT/hooks/x", "a/../../out", "a//b", "", "nul\0", "./a"]
)
def test_a_path_that_is_unsafe_is_refused(path: str, world: World):
    patch = Patch.of([FileChange(path=path, before=None, after=_file(world.store))])
    with pytest.raises(StateError, match="cannot be changed"):
        apply(world.root, patch, world.store, world.state)


def test_nothing_is_written_through_a_link(world: World, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("safe")
    (world.root / "exit").symlink_to(outside)
    for path in ("exit/victim", "exit/new"):
        for change in (
            FileChange(path=path, before=None, after=_file(world.store)),
            FileChange(path=path, before=_file(world.store), after=None),
        ):
            with pytest.raises(StateError):
                apply(world.root, Patch.of([change]), world.store, world.state)
    assert on_disk(outside) == {"victim": ("file", 0o644, b"safe")}


def test_a_link_is_replaced_and_not_followed(world: World, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.write_text("safe")
    (world.root / "exit").symlink_to(outside)
    found = scan(world.root, ["exit"], world.store).entries["exit"]
    patch = Patch.of([FileChange(path="exit", before=found, after=_file(world.store))])
    apply(world.root, patch, world.store, world.state)
    assert outside.read_text() == "safe"
    assert world.now()["exit"] == ("file", 0o644, b"x")


def test_a_pipe_in_the_way_is_not_opened(world: World):
    os.mkfifo(world.root / "pipe")
    patch = Patch.of([FileChange(path="pipe", before=None, after=_file(world.store))])
    with pytest.raises(StateError, match="not as they were"):
        apply(world.root, patch, world.store, world.state)


def test_a_file_below_a_file_of_the_same_patch_is_refused(world: World):
    patch = Patch.of([FileChange(path=path, before=None, after=_file(world.store)) for path in ("n", "n/m")])
    with pytest.raises(StateError, match="cannot be changed"):
        apply(world.root, patch, world.store, world.state)
    assert world.now() == world.before


@given(st.lists(specs, min_size=2, max_size=4))
@settings(max_examples=20, deadline=None)
def test_a_row_of_patches_follows_the_snapshots(tmp_path_factory: pytest.TempPathFactory, trees: list[Spec]):
    world = World(tmp_path_factory.mktemp("world"), trees[0], trees[1])
    now = Snapshot(snapshot_of(trees[0], world.store).entries)
    for spec in trees[1:]:
        then = snapshot_of(spec, world.store)
        apply(world.root, now.diff(then), world.store, world.state)
        assert world.now() == spec
        now = then


def _file(store: Store) -> Entry:
    return Entry(kind="file", mode=0o644, digest=store.put(b"x"))
