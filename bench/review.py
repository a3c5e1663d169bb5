"""A change under review: hunks, a selection, statistics, the text of a terminal; and a patch of others read.

The floor reads and splits both sides of each file and starts git once. The quickest of some rounds in the same
process, for what else a machine does only adds. Growth: from a quarter of the size to half, and to all.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from r1code.repo.compare import compare, review
from r1code.repo.incoming import incoming
from r1code.repo.plumbing import run
from r1code.repo.unified import unified
from r1code.tree.entry import Entry
from r1code.tree.patch import FileChange, Patch
from r1code.tree.stat import stat
from r1code.tree.store import Store
from r1code.ui.columns import side_by_side
from r1code.ui.review import unified as shown

ROUNDS = 7
AIM = 10
Files = list[tuple[bytes, bytes]]


def text(lines: int, word: bytes = b"value") -> list[bytes]:
    return [b"    %s_%d = function(%d, argument)\n" % (word, number, number * 7) for number in range(lines)]


def with_hunks(lines: int, hunks: int) -> tuple[bytes, bytes]:
    old = text(lines)
    new = list(old)
    for number in range(0, lines - 1, lines // hunks):
        new[number] = new[number].replace(b"argument", b"other, argument")
    return b"".join(old), b"".join(new)


SHAPES: dict[str, Callable[[int], Files]] = {
    "2 MB, 1,000 hunks": lambda size: [with_hunks(50_000 * size // 4, 1_000 * size // 4)],
    "100 files, 1,000 hunks": lambda size: [with_hunks(500, 10) for _ in range(100 * size // 4)],
    "2 MB, rewritten": lambda size: [
        (b"".join(text(50_000 * size // 4)), b"".join(text(50_000 * size // 4, b"new")))
    ],
    "2 MB, few different lines": lambda size: [few(500_000 * size // 4)],
}


def few(lines: int) -> tuple[bytes, bytes]:
    """What difflib is quadratic on: no line is rare."""
    old = [b"}\n" if number % 3 else b"{  \n" for number in range(lines)]
    new = [b"end\n" if number % 500 == 7 else line for number, line in enumerate(old)]
    return b"".join(old), b"".join(new)


def seconds(done: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        done()
        times.append(time.perf_counter() - began)
    return min(times)


def write_out(files: Files, folder: Path) -> None:
    for number, pair in enumerate(files):
        for side, data in zip(("old", "new"), pair, strict=True):
            (folder / side).mkdir(parents=True, exist_ok=True)
            (folder / side / f"f{number}").write_bytes(data)


def read_and_split(folder: Path) -> int:
    return sum(
        len(place.read_bytes().split(b"\n")) for side in ("old", "new") for place in (folder / side).iterdir()
    )


def patch_of(files: Files, store: Store) -> Patch:
    def entry(data: bytes) -> Entry:
        return Entry(kind="file", mode=0o644, digest=store.put(data, durable=False))

    return Patch.of(
        FileChange(path=f"f{number}", before=entry(old), after=entry(new))
        for number, (old, new) in enumerate(files)
    )


def figures(files: Files, folder: Path) -> tuple[float, dict[str, float]]:
    """The floor, and what each thing takes."""
    store = Store(folder / "store")
    write_out(files, folder)
    patch = patch_of(files, store)
    reviewed = review(patch, store)
    half = {hunk.id for hunk in reviewed.hunks[::2]}
    diff = unified(patch, store).encode()
    floor = seconds(lambda: (read_and_split(folder), run(folder, ["--version"])))
    return floor, {
        "hunks": seconds(lambda: review(patch, store)),
        "select every other": seconds(lambda: reviewed.select(half, store)),
        "statistics": seconds(lambda: stat(reviewed, store, compare)),
        "unified, words marked": seconds(
            lambda: sum(len(piece.text) for piece in shown(reviewed, 80, words=False))
        ),
        "side by side": seconds(lambda: sum(len(piece.text) for piece in side_by_side(reviewed, 160))),
        "patch read against tree": seconds(lambda: incoming(diff, folder / "old", store)),
    }


def main() -> None:
    for shape, files in SHAPES.items():
        sizes: list[tuple[float, dict[str, float]]] = []
        for size in (1, 2, 4):
            with tempfile.TemporaryDirectory() as name:
                sizes.append(figures(files(size), Path(name)))
        floor, whole = sizes[-1]
        print(f"{shape:26} floor {floor * 1000:8.1f} ms{'ratio':>12}   growth when doubled")
        for what, took in whole.items():
            growth = [b[1][what] / a[1][what] for a, b in pairwise(sizes)]
            print(f"  {what:24} {took * 1000:12.1f} ms {took / floor:10.1f} x   {growth[0]:.1f}, {growth[1]:.1f}")
    print(f"aim: hunks within {AIM} x the floor, and no growth above 2 by much")


if __name__ == "__main__":
    main()
