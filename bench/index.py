"""The index of big projects, as multiples of what cannot be avoided, in one run.

`python bench/index.py [FOLDER ...]`; without folders: the source distributions of DISTRIBUTIONS, by pip.

Cold: nothing is known. Its floor is to parse the same files and run our queries over them, in as many processes.
Warm: nothing has changed. Its floor is to list the files and call lstat on each. One file has changed: that scan
and one parse. On a machine with other work the ratios of processor time are the ones that hold.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tree_sitter import QueryCursor

from r1code.control import Control
from r1code.repo.files import is_secret
from r1code.repo.index.grammar import tools_of
from r1code.repo.index.index import FILE, Index
from r1code.repo.index.languages import languages
from r1code.repo.index.pool import processes
from r1code.tree.scan import Listing
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree

DISTRIBUTIONS = ("django==5.2",)
"""Sources of CPython are no Python package: name a folder with them."""
ROUNDS = 5
AIMS = {"cold": 2.0, "warm": 3.0, "one changed": 1.5}


def unpacked(distribution: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:", distribution]
    subprocess.run(command, cwd=folder, check=True)
    archive = max(folder.glob("*.tar.gz"), key=lambda place: place.stat().st_mtime)
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def parse(some: list[tuple[str, str]]) -> int:
    """The floor's work: every capture is made, and nothing is done with any."""
    found = 0
    for place, language in some:
        parser, query = tools_of(languages()[language])
        found += len(QueryCursor(query).captures(parser.parse(Path(place).read_bytes()).root_node))
    return found


def floor(places: list[tuple[str, str]]) -> None:
    pieces = [places[at : at + 24] for at in range(0, len(places), 24)]
    with ProcessPoolExecutor(processes()) as pool:
        list(pool.map(parse, pieces))


def seconds(done: Callable[[], object], rounds: int = 1, clock: Callable[[], float] = time.perf_counter) -> float:
    times = []
    for _ in range(rounds):
        began = clock()
        done()
        times.append(clock() - began)
    return statistics.median(times)


def both(done: Callable[[], object]) -> tuple[float, float]:
    """Wall time, and the processor time of this process and of those that it began and ended."""
    before = os.times()
    took = seconds(done)
    after = os.times()
    return took, sum(after[:4]) - sum(before[:4])


def built(state: Path, store: Store, snapshot: Snapshot) -> None:
    index = Index(state / FILE, store)
    index.build(snapshot, Control())
    index.close()


def measure(root: Path, state: Path) -> None:
    def listed() -> list[str]:
        return [os.path.relpath(f"{folder}/{name}", root) for folder, _, names in os.walk(root) for name in names]

    store = Store(state / "objects")
    tree = WorkTree(root, Listing(listed), store, state=state, hidden=is_secret)
    control = Control()
    snapshot_cold = seconds(tree.snapshot)
    time.sleep(2.5)  # A file that was just written is read again, for its time stamps may repeat.
    snapshot = tree.snapshot()
    cold, cold_cpu = both(lambda: built(state, store, snapshot))
    index = Index(state / FILE, store)
    outlines = index.outlines(snapshot)
    places = [
        (f"{root}/{path}", outline.language)
        for path, outline in outlines.items()
        if outline.note in {"", "generated"} and languages()[outline.language].queries
    ]
    size = sum(Path(place).stat().st_size for place, _ in places)
    print(f"{root.name}: {len(listed())} files, {len(outlines)} with an outline, {processes()} processes")
    print(f"  {len(places)} by a grammar, {size / 1e6:.1f} MB")
    least, least_cpu = both(lambda: floor(places))
    shown("cold", cold, least)
    print(f"  {'cold, processor time':32} {cold_cpu:7.3f} s {cold_cpu / least_cpu:6.2f} x that of the floor")
    print(f"  {'snapshot before it, cold':32} {snapshot_cold:7.3f} s {snapshot_cold / least:6.2f} x floor")
    scan, scan_cpu = (
        seconds(lambda: [os.lstat(f"{root}/{path}") for path in listed()], ROUNDS, clock)
        for clock in (time.perf_counter, time.process_time)
    )
    warm, warm_cpu = (
        seconds(lambda: index.build(tree.snapshot(), control), ROUNDS, clock)
        for clock in (time.perf_counter, time.process_time)
    )
    shown("warm", warm, scan)
    print(f"  {'warm, processor time':32} {warm_cpu:7.3f} s {warm_cpu / scan_cpu:6.2f} x that of the floor")
    one = places[len(places) // 2]
    alone = seconds(lambda: parse([one]), ROUNDS)
    shown("one changed", changed(tree, index, os.path.relpath(one[0], root)), scan + alone)
    loaded = seconds(lambda: index.outlines(snapshot), ROUNDS)
    asked = seconds(lambda: index.holding(snapshot, "get_queryset"), ROUNDS)
    print(f"  {'all outlines':32} {loaded:7.3f} s {loaded / scan:6.2f} x scan")
    print(f"  {'who has one name':32} {asked:7.3f} s {asked / scan:6.2f} x scan")
    print(f"  {'size of the index':32} {(state / FILE).stat().st_size / 1e6:7.1f} MB")
    index.close()


def changed(tree: WorkTree, index: Index, path: str) -> float:
    source = tree.read(path)
    times = []
    for number in range(ROUNDS):
        tree.write({path: source + b"\n# %d\n" % number})
        times.append(seconds(lambda: index.build(tree.snapshot(), Control())))
    tree.write({path: source})
    return statistics.median(times)


def shown(what: str, took: float, least: float) -> None:
    print(f"  {what:32} {took:7.3f} s {took / least:6.2f} x floor of {least:.3f} s (aim: {AIMS[what]})")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        roots = [Path(given) for given in sys.argv[1:]] or [unpacked(one, folder) for one in DISTRIBUTIONS]
        for number, root in enumerate(roots):
            measure(root.resolve(), folder / f"state{number}")


if __name__ == "__main__":
    main()
