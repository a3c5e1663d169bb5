"""Of a project's tests that single mutations break: how many are among the affected ones, and how many these are.

    python bench/affected.py FOLDER PACKAGE "python -m pytest -q"

runs its tests on this machine, once for each mutation, in a copy of FOLDER. PACKAGE is what is mutated in it. Its
files take turns, and what is mutated depends on nothing but them.
"""

from __future__ import annotations

import ast
import random
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

from r1code.control import Control
from r1code.repo.files import is_secret
from r1code.sandbox.base import Limits
from r1code.sandbox.host import HostSandbox
from r1code.sandbox.runners import run_tests
from r1code.tools.affected import Affected
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree
from r1code.types import TestReport

MUTATIONS = 20
SWAPS = (
    (" == ", " != "),
    (" is not None", " is None"),
    (" and ", " or "),
    ("if not ", "if "),
    (" + ", " - "),
    ("True", "False"),
    ("[0]", "[-1]"),
    (" < ", " >= "),
)
MOST_SECONDS = 300.0


def mutants(root: Path, package: str) -> Iterator[tuple[str, str]]:
    """Path and new text: each differs from the file in one line and can still be parsed."""
    chance = random.Random(0)
    files = sorted(path for path in (root / package).rglob("*.py") if "test" not in path.name)
    while True:
        for file in files:
            lines = file.read_text().splitlines(keepends=True)
            places = [(at, swap) for at, line in enumerate(lines) for swap in SWAPS if swap[0] in line]
            chance.shuffle(places)
            for at, (old, new) in places[:20]:
                text = "".join([*lines[:at], lines[at].replace(old, new, 1), *lines[at + 1 :]])
                try:
                    if ast.dump(ast.parse(text)) != ast.dump(ast.parse("".join(lines))):
                        yield str(file.relative_to(root)), text
                        break
                except SyntaxError:
                    continue


def finished(running: Generator[str, None, TestReport]) -> TestReport:
    try:
        while True:
            next(running)
    except StopIteration as stop:
        report: TestReport = stop.value
        return report


def main() -> None:
    source, package, command = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        root, store = Path(name) / "root", Store(Path(name) / "store")
        shutil.copytree(source, root)
        # What tests leave behind is no part of it.
        paths = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
        tree = WorkTree(root, Listing(lambda: paths), store, state=Path(name) / "state", hidden=is_secret)
        sandbox = HostSandbox(root, limits=Limits(), scan=tree.snapshot)
        whole = finished(run_tests(sandbox, command, Control(), seconds=MOST_SECONDS))
        flaky = {*whole.failed, *whole.uncollected}
        ids = (*whole.passed, *whole.failed, *whole.skipped)
        affected = Affected(tree, command)
        found = lost = useful = 0
        shares: list[float] = []
        for path, text in mutants(root, package):
            old = (root / path).read_text()
            (root / path).write_text(text)
            reach = affected.reach(tree.snapshot(), whole)
            after = finished(run_tests(sandbox, command, Control(), seconds=MOST_SECONDS))
            (root / path).write_text(old)
            broken = {*after.failed, *after.uncollected} - flaky
            if not broken:
                continue
            words = set((reach.command or "").split())
            useful += 1
            inside = {one for one in broken if one.partition("::")[0] in words}
            found, lost = found + len(inside), lost + len(broken - inside)
            shares.append(sum(one.partition("::")[0] in words for one in ids) / len(ids))
            print(
                f"{path:40} {len(broken):5} broken, {len(broken - inside):4} missed, {shares[-1]:4.0%} run",
                flush=True,
            )
            if useful == MUTATIONS:
                break
        print(f"recall {found / (found + lost):.1%}, tests run {sum(shares) / len(shares):.0%} of {len(ids)}")


if __name__ == "__main__":
    main()
