"""What a map costs: beside the scan that cannot be avoided, and beside aider's, in one run.

    .venv/bin/python bench/map.py [--aider PYTHON] [--rounds N] [--files N] [FOLDER ...]

Each folder is copied and committed, so that git can be asked; `--files` makes a project of so many files. A map
is made by a process of its own, from the snapshot of the tree to the text, the way a session does it. Seconds are
processor time of all processes, without imports and without loading the tokenizer. Memory is the sum over them,
shared pages counted once (PSS). `--aider`: the interpreter of an environment with aider-chat.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from r1code.app.maps import Maps
from r1code.app.tree import open_tree
from r1code.control import Control
from r1code.profiles.tokenizers import tokenizer_named
from r1code.repo.git import Git
from r1code.repo.index.index import FILE, Index
from r1code.tree.store import Store

TASK = "Fix the cache of the parser: `get_queryset` and `decode` forget the timeout of a request"
ROOM = 1_000
SAMPLE_SECONDS = 0.05
SETTLED_SECONDS = 2.5
"""A file that was just written is read again, for its time stamps may repeat."""
PER_FOLDER = 200
GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0")


def spent() -> float:
    return sum(os.times()[:4])


def once(root: Path, state: Path) -> None:
    """A map, and how long it took; in a process of its own."""
    count = tokenizer_named("deepseek-r1").count
    count("loaded")
    began, others, marks = time.perf_counter(), sum(os.times()[2:4]), [("", time.process_time())]

    def mark(name: str) -> None:
        marks.append((name, time.process_time()))

    git = Git.find(root, state)
    tree = open_tree(git, state)
    snapshot = tree.snapshot()
    mark("snapshot")
    with (
        closing(Index(state / FILE, Store(state / "objects"))) as index,
        closing(Maps(tree, snapshot, index, git)) as maps,
    ):
        maps.wait(Control())
        mark("index")
        assert maps.graph.paths
        mark("graph")
        text = maps.draw(TASK, ROOM, count, str).text
        mark("draw")
    parts = {name: now - before for (_, before), (name, now) in pairwise(marks)}
    # What other processes took is known when they have ended.
    parts["others"] = sum(os.times()[2:4]) - others
    print(
        json.dumps({**parts, "all": sum(parts.values()), "wall": time.perf_counter() - began, "map": len(text)})
    )


def memory_of(pid: int) -> int:
    """Bytes of a process and of all below it."""
    whole, own = 0, b""
    for process in below(pid):
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
            command = Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:
            continue
        # Until it runs something else, a new process has the memory of the one that starts it.
        if command == own:
            continue
        own = own or command
        whole += 1024 * sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return whole


def below(pid: int) -> Iterator[int]:
    yield pid
    try:
        inner = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        inner += [
            one for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()
        ]
    except OSError:
        return
    for one in dict.fromkeys(inner):
        yield from below(int(one))


def watched(command: list[str]) -> dict[str, float]:
    """What a process prints as JSON, with the most memory that it was seen to have."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        most = 0
        while process.poll() is None:
            most = max(most, memory_of(process.pid))
            time.sleep(SAMPLE_SECONDS)
        assert process.stdout is not None
        found: dict[str, float] = json.loads(process.stdout.read().splitlines()[-1])
    return found | {"memory": most / 1e6}


def middle(rounds: int, make: Callable[[], dict[str, float]], before: Callable[[], object]) -> dict[str, float]:
    found: list[dict[str, float]] = []
    for _ in range(rounds):
        before()
        found.append(make())
    return sorted(found, key=lambda one: one["all"])[len(found) // 2]


def listed(root: Path) -> list[str]:
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        if ".git" in folders:
            folders.remove(".git")
        found += [f"{folder}/{name}" for name in names]
    return found


def scan(root: Path) -> float:
    times = []
    for _ in range(5):
        began = spent()
        for path in listed(root):
            os.lstat(path)
        times.append(spent() - began)
    return statistics.median(times)


def committed(root: Path) -> None:
    shutil.rmtree(root / ".git", ignore_errors=True)
    for arguments in (["init", "-q"], ["add", "-Af", "."], ["commit", "-qm", "all"]):
        subprocess.run([*GIT, *arguments], cwd=root, check=True)


def generated(root: Path, files: int) -> None:
    """Modules that define, use and import things of each other; the same at each run."""
    chance = random.Random(files)
    nouns = [
        "order",
        "cart",
        "user",
        "mail",
        "token",
        "cache",
        "query",
        "report",
        "stock",
        "price",
        "route",
        "job",
    ]
    verbs = ["load", "save", "parse", "send", "check", "merge", "split", "build", "find", "render"]

    def name(at: int) -> str:
        return f"{verbs[at % 10]}_{nouns[at // 10 % 12]}_{at // 120}"

    for at in range(files):
        folder = root / f"part{at // PER_FOLDER // 50:02}" / f"unit{at // PER_FOLDER % 50:02}"
        folder.mkdir(parents=True, exist_ok=True)
        others = [chance.randrange(files) for _ in range(4)]
        lines = [f'"""{nouns[at % 12]} {verbs[at % 10]} {at}."""', ""]
        lines += [
            f"from part{one // PER_FOLDER // 50:02}.unit{one // PER_FOLDER % 50:02}.m{one} import {name(one)}"
            for one in others
        ]
        lines += ["", "", f"def {name(at)}(value, limit={at}):", f'    """{verbs[at % 10]} one."""']
        lines += [f"    value = {name(one)}(value + limit)" for one in others]
        lines += ["    return value", "", "", f"class {nouns[at % 12].title()}{at}:", "    def run(self, value):"]
        lines += [f"        return {name(at)}(value)", ""]
        (folder / f"m{at}.py").write_text("\n".join(lines))


def touched(root: Path) -> Path:
    """A source of middling size."""
    ran = subprocess.run([*GIT, "ls-files", "*.py"], cwd=root, capture_output=True, text=True, check=True)
    paths = sorted(ran.stdout.splitlines(), key=lambda path: (root / path).stat().st_size)
    return root / paths[len(paths) // 2]


def measure(root: Path, state: Path, options: argparse.Namespace) -> None:
    committed(root)
    time.sleep(SETTLED_SECONDS)
    ours = [sys.executable, "-P", __file__, "--once", str(root), str(state)]
    file = touched(root)
    text = file.read_text()
    number = iter(range(10**6))
    floor = scan(root)
    print(f"{root.name}: {len(listed(root))} files; to list them and call lstat {floor:.3f} s", flush=True)

    def change(line: str) -> Callable[[], object]:
        return lambda: file.write_text(f"{text}\n{line.format(next(number))}\n")

    told("cold", watched(ours), floor)
    time.sleep(SETTLED_SECONDS)
    watched(ours)
    told("warm", middle(options.rounds, lambda: watched(ours), lambda: None), floor)
    for what, line in (("a body changed", "# {}"), ("a definition more", "def f{}(): pass")):
        told(what, middle(options.rounds, lambda: watched(ours), change(line)), floor)
    subprocess.run([*GIT, "commit", "-qam", "more"], cwd=root, check=True)
    told("a commit", watched(ours), floor)
    (root / "one_file_more.py").write_text("x = 1\n")
    told("a file more", watched(ours), floor)
    if options.aider is not None:
        (root / "one_file_more.py").unlink()
        program = str(Path(__file__).with_name("map_peer.py"))
        for what in ("cold", "warm"):
            found = watched([options.aider, program, str(root), str(ROOM), TASK, str(file)])
            print(f"  {'aider, ' + what:18} {found['all']:8.2f} s; {found['memory']:.0f} MB")
            print(
                f"  {'':18} wall {found['wall']:.1f}; then, with one file touched: {found['touched']:.2f} s",
                flush=True,
            )


def told(what: str, found: dict[str, float], floor: float) -> None:
    names = ("snapshot", "index", "graph", "draw", "others")
    parts = " + ".join(f"{name} {found[name]:.2f}" for name in names)
    print(f"  {what:18} {found['all']:8.2f} s, {found['all'] / floor:.1f} x that; {found['memory']:.0f} MB")
    print(f"  {'':18} {parts}; wall {found['wall']:.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--aider")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=0)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        once(*options.folders)
        return
    with tempfile.TemporaryDirectory() as name:
        for given in options.folders:
            root = Path(name) / given.resolve().name
            shutil.copytree(given, root, symlinks=True, ignore=shutil.ignore_patterns(".git", ".aider*"))
            measure(root, Path(name) / f"state-{root.name}", options)
        if options.files:
            root = Path(name) / "generated"
            generated(root, options.files)
            measure(root, Path(name) / "state", options)


if __name__ == "__main__":
    main()
