"""Trees of four candidates, of 10,000 files and 60 MB: with contents of their own, and with shared ones.

What a candidate needs before its first step: its tree on this machine, known to be the base. The ways take turns.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from r1code.tree.scan import Listing, scan
from r1code.tree.snapshot import Snapshot, materialise
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree

CANDIDATES = 4
ROUNDS = 3


def generated(folder: Path) -> Path:
    """10,000 files of 6 KB on average."""
    for number in range(10_000):
        place = folder / f"d{number % 100}" / f"e{number % 7}" / f"f{number}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"value = %06d\n" % number * (number % 1000 * 12 // 15))
    return folder


def blocks(folders: list[Path], known: set[int]) -> float:
    """Megabytes on the disk, each file once; those of `known` inodes were there before."""
    found = {
        entry.st_ino: entry.st_blocks * 512
        for folder in folders
        for place, _, names in os.walk(folder)
        for entry in (os.lstat(f"{place}/{name}") for name in (*names, "."))
        if entry.st_ino not in known
    }
    return sum(found.values()) / 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = Store(folder / "store")
        source = generated(folder / "source")
        names = [str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()]
        base = scan(source, names, store)
        stored = {place.stat().st_ino for place in store.folder.glob("??/*")}

        def candidate(root: Path, snapshot: Snapshot, *, shared: bool) -> float:
            root.mkdir()
            began = time.perf_counter()
            materialise(snapshot, store, root, linked=shared)
            tree = WorkTree(root, Listing(lambda: names), store, state=folder / "state", hidden=lambda _: False)
            if shared:
                tree.holds(snapshot)
            same = tree.snapshot() == snapshot
            took = time.perf_counter() - began
            return took if same else float("nan")

        took: dict[bool, list[float]] = {False: [], True: []}
        disk: dict[bool, float] = {}
        for _ in range(ROUNDS):
            for shared, seconds in took.items():
                roots = [folder / f"{shared}-{number}" for number in range(CANDIDATES)]
                seconds += [candidate(root, base, shared=shared) for root in roots]
                disk[shared] = blocks(roots, stored)
                for root in roots:
                    shutil.rmtree(root)
        for shared, seconds in took.items():
            middle, best = statistics.median(seconds) * 1000, min(seconds) * 1000
            what = f"{'shared' if shared else 'own':8} {middle:7.0f} ms a candidate (best {best:.0f})"
            print(f"{what}, {disk[shared]:6.1f} MB for {CANDIDATES}")


if __name__ == "__main__":
    main()
