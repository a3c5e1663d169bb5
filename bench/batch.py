"""1,000 scripted tasks: is memory flat, and is a task lost or doubled when processes are killed?

Each task has a clone of a repository, and a stand-in for `r1code fix`: what is measured is the batch around them.
With `--real` it is `r1code fix` itself, with the scripted model, whose edit makes a failing test pass.
Children, their guards, git, and the batch itself are killed at random, and the batch is started again until it
ends. `--quiet` kills nothing; memory is measured in such a run, in one process from its first task to its last.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

FAKES = Path(__file__).parents[1] / "tests" / "fakes"
REPOSITORIES = 20
FLAT = 1.10
"""Memory at the end, as a multiple of what it was after the first tenth."""


REPLIES = (
    '<edit path="value">\n<<<<<<< SEARCH\n1\n=======\n2\n>>>>>>> REPLACE\n</edit>',
    "<done>It is 2.</done>",
)


def make(folder: Path, tasks: int, *, real: bool) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for number in range(REPOSITORIES):
        root = folder / "repos" / f"r{number}"
        root.mkdir(parents=True)
        (root / "name").write_text(f"r{number}\n")
        (root / "value").write_text("1\n")
        for arguments in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "first"]):
            subprocess.run(["git", *arguments], cwd=root, check=True)
    said = "".join(f"[[reply]]\ntext = {json.dumps(text)}\n" for text in REPLIES)
    (folder / "replies.toml").write_text(said)
    test = "sh -c 'grep -qx 2 value'" if real else "fixed"
    lines = [
        {"id": f"t{number}", "repo": f"repos/r{number % REPOSITORIES}", "test": test} for number in range(tasks)
    ]
    (folder / "tasks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "journal").touch()


def below(pid: int) -> list[int]:
    """All processes that `pid` started, and theirs."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *below(child)]
    return found


def killer(
    driver: int, chance: random.Random, stop: threading.Event, killed: Counter[str], *, most: float
) -> None:
    """Kills one of its processes every `most` seconds at the latest."""
    while not stop.wait(chance.uniform(most / 6, most)):
        victims = [driver] if chance.random() < 0.04 else below(driver)
        if victims:
            victim = chance.choice(victims)
            with suppress(OSError):
                words = Path(f"/proc/{victim}/cmdline").read_bytes()
                os.kill(victim, signal.SIGKILL)
                names = {
                    b"guard.py": "guard",
                    b"batch_fix": "child",
                    b"allow-host-exec": "child",
                    b"batch_driver": "batch",
                }
                killed[next((name for mark, name in names.items() if mark in words), "git")] += 1


def run(
    folder: Path, workers: int, *, kills: bool, real: bool
) -> tuple[list[tuple[str, int]], Counter[str], int]:
    """What was told, who was killed, and how often the batch was started."""
    told: list[tuple[str, int]] = []
    killed: Counter[str] = Counter()
    # A repair takes seconds: it has to come to an end now and then.
    starts, chance, most = 0, random.Random(8), 9.0 if real else 0.6
    while True:
        starts += 1
        driver = subprocess.Popen(
            [sys.executable, "-P", str(FAKES / "batch_driver.py"), str(folder), str(workers), *["real"][:real]],
            env={**os.environ, "FAKE_JOURNAL": str(folder / "journal")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        stop = threading.Event()
        thread = threading.Thread(target=killer, args=(driver.pid, chance, stop, killed), kwargs={"most": most})
        assert driver.stdout is not None
        assert driver.stderr is not None
        # GitPython asks git for its version when it is loaded: before that there is no batch to be killed.
        first = driver.stderr.readline()
        if kills:
            thread.start()
        for line in driver.stdout:
            name, _, kilobytes = line.partition(" ")
            told.append((name, int(kilobytes)))
        code = driver.wait()
        stop.set()
        if kills:
            thread.join()
        if code == 0:
            return told, killed, starts
        assert code == -signal.SIGKILL, f"the batch ended with {code}: {first}{driver.stderr.read()}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quiet", action="store_true", help="kill nothing, and measure memory")
    parser.add_argument("--real", action="store_true", help="with `r1code fix` itself: some seconds a task")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, options.tasks, real=options.real)
        began = time.monotonic()
        told, killed, starts = run(folder, options.workers, kills=not options.quiet, real=options.real)
        took = time.monotonic() - began
        lines = (folder / "out/results.jsonl").read_text().splitlines()
        results = [json.loads(line) for line in lines]
        wanted = [f"t{number}" for number in range(options.tasks)]
        names = [one["id"] for one in results]
        doubled = [name for name, times in Counter(name for name, _ in told).items() if times > 1]
        ended = Counter(line.split()[1] for line in (folder / "journal").read_text().splitlines())
        print(
            f"{options.tasks} tasks, {options.workers} workers: {took:.0f} s, {options.tasks / took:.1f} tasks/s"
        )
        print(f"killed: {dict(killed)}; the batch was started {starts} times")
        if not options.real:
            print(f"children began {ended['began']}, came to an end {ended['ended']}")
        print(f"lost: {len(set(wanted) - set(names))}, doubled: {len(doubled) + len(names) - len(set(names))}")
        print(f"outcomes: {dict(Counter(one['outcome'] for one in results))}")
        for one in results:
            if not one["solved"]:
                print(f"  {one['id']}: {one['outcome']}: {one['why']}")
        assert names == wanted
        assert not doubled
        assert all(one["solved"] for one in results)
        left = list((folder / "out").glob("work/*"))
        assert left == [], left
        if options.quiet:
            early = told[len(told) // 10][1]
            late = told[-1][1]
            print(f"memory of the batch: {early / 1024:.1f} MB after a tenth, {late / 1024:.1f} MB at the end")
            assert late <= early * FLAT


if __name__ == "__main__":
    main()
