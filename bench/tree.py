"""Checkpoint, undo and sync of one changed file in 10,000, as multiples of looking at each file once.

The floor lists the files as git does and calls lstat on each. Medians; the page cache is warm.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.sandbox.base import Limits
from r1code.sandbox.docker import DockerSandbox
from r1code.tree.scan import Listing
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.tree.timeline import Origin
from r1code.tree.worktree import WorkTree

FILES = 10_000
ROUNDS = 7
AIM = 1.5


def project(folder: Path) -> Path:
    root = folder / "root"
    for number in range(FILES):
        place = root / f"pkg{number % 100}" / f"sub{number % 7}" / f"module_{number}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"VALUE = {number}\n" * 40)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    return root


def seconds(done: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    times = []
    for _ in range(ROUNDS):
        before()
        began = time.perf_counter()
        done()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = project(folder)
        git = Git.find(root)
        store = Store(folder / "store")
        tree = WorkTree(
            git.root,
            Listing(git.files, git.ignored),
            store,
            state=folder / "state",
            hidden=is_secret,
            origin=Origin,
        )
        floor = seconds(lambda: [os.lstat(f"{root}/{path}") for path in git.files()])
        print(f"{'floor: list and lstat':32} {floor * 1000:8.1f} ms")
        tree.snapshot()
        time.sleep(2.5)  # A file that was just written is read again, for its time stamps may repeat.
        tree.snapshot()
        changed = root / "pkg1" / "sub1" / "module_1.py"
        counter = iter(range(1_000_000))

        def edit() -> None:
            changed.write_text(f"VALUE = {next(counter)}\n")

        def step() -> None:
            tree.write({"pkg1/sub1/module_1.py": b"VALUE = %d\n" % next(counter)}, "step")
            tree.snapshot()

        def undo() -> None:
            at = tree.timeline.at
            tree.go(tree.timeline.moves[at].parent if tree.timeline.redo is None else tree.timeline.redo)

        figures = {
            "snapshot, one file changed": seconds(tree.snapshot, edit),
            "step: edit, checkpoint, snapshot": seconds(step),
            "undo or redo": seconds(undo),
        }
        figures |= sync(tree, store, edit)
        for what, took in figures.items():
            print(f"{what:32} {took * 1000:8.1f} ms   {took / floor:5.2f} x floor")
    print(f"aim: {AIM} x floor each")


def sync(tree: WorkTree, store: Store, edit: Callable[[], None]) -> dict[str, float]:
    """Of a container, where an engine runs."""
    control = Control()
    sandbox = DockerSandbox(
        image=None, store=store, owner="bench", limits=Limits(), say=lambda _: None, ignored=lambda _: set()
    )
    try:
        sandbox.start(control)
        sandbox.sync(tree.snapshot(), control)

        def settle() -> None:
            edit()
            # As between two steps of a model: the helper of the next copy is there again.
            time.sleep(0.2)
            snapshots.append(tree.snapshot())

        snapshots: list[Snapshot] = []
        return {
            "sync to a container": seconds(lambda: sandbox.sync(snapshots[-1], control), settle),
            "snapshot and sync to a container": seconds(lambda: sandbox.sync(tree.snapshot(), control), edit),
        }
    except SandboxError as error:
        print(f"no sync measured: {error.what}", file=sys.stderr)
        return {}
    finally:
        sandbox.close()


if __name__ == "__main__":
    main()
