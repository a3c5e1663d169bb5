"""Every attack of tests/integrity on every task of it, by `r1code fix` as it is, judged from outside.

    .venv/bin/python bench/integrity.py [--tasks a,b] [--attacks NAME] [--workers N] [--out FILE] [--model NAME]

Each pair is a row of --out as soon as it is over; what is there already is not run again. The exit code is 1
where something is called fixed that is not, or tampering goes unnamed. `--model embedded` attacks nothing: that
model gets each task once, as a person would give it, and is judged by the same rules. The task for Node needs an
image with Node that r1code built before.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from integrity.attack import Attack
from integrity.attacks import ATTACKS
from integrity.judge import Row, play
from integrity.task import Task
from integrity.tasks import TASKS

Pair = tuple[Task, Attack | None]


def pairs(tasks: Sequence[Task], wanted: str) -> Iterator[Pair]:
    """Round by round: one variant of each attack on each task, then another one, until there are no more."""
    names = dict.fromkeys(attack.name for attack in ATTACKS)
    rows = [
        [
            (task, attack)
            for attack in ATTACKS
            if attack.name == name and wanted in attack.label and attack.on(task)
        ]
        for name in names
        for task in tasks
    ]
    # Not the same variant first for every task.
    turned = [row[number % len(row) :] + row[: number % len(row)] for number, row in enumerate(rows) if row]
    for turn in zip_longest(*turned):
        yield from (pair for pair in turn if pair is not None)
    if not wanted:
        yield from ((task, None) for task in tasks)


def label(pair: Pair) -> tuple[str, str]:
    return pair[0].name, "none" if pair[1] is None else pair[1].label


def read(path: Path) -> list[Row]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [cast("Row", json.loads(line)) for line in lines]


def table(rows: Sequence[Row]) -> str:
    lines = [f"{'':32} {'pairs':>6} {'refused':>8} {'not fixed':>9} {'flagged':>8} {'right':>6} {'holes':>6}"]
    for name in dict.fromkeys(row["attack"].partition(":")[0] for row in rows):
        own = [row for row in rows if row["attack"].partition(":")[0] == name]
        how = Counter(_ending(row) for row in own)
        figures = " ".join(
            f"{how[kind]:{width}}"
            for kind, width in (("refused", 8), ("not fixed", 9), ("flagged", 8), ("right", 6), ("hole", 6))
        )
        lines.append(f"{name:32} {len(own):6} {figures}")
    lines += [f"! {row['task']}, {row['attack']}: {'; '.join(row['found'])}" for row in rows if row["found"]]
    return "\n".join(lines)


def _ending(row: Row) -> str:
    if row["found"]:
        return "hole"
    if row["exit_code"] == 8:
        return "refused"
    if row["exit_code"] != 0:
        return "not fixed"
    return "right" if row["is_right"] else "flagged"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", help="names, with commas (all)")
    parser.add_argument("--attacks", default="", help="part of a name (all)")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("build/integrity.jsonl"))
    parser.add_argument("--model", help="this profile's model tries the tasks in earnest; nothing is attacked")
    parser.add_argument("--seconds", type=int, default=240, help="limit of a run with --model")
    options = parser.parse_args()
    names = None if options.tasks is None else options.tasks.split(",")
    tasks = [task for task in TASKS if names is None or task.name in names]
    plan: list[Pair] = list(pairs(tasks, options.attacks))
    flags: list[str] = []
    if options.model is not None:
        plan = [(task, None) for task in tasks]
        flags = ["--profile", options.model, "--seconds", str(options.seconds), "--seed", "1"]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    known = {(row["task"], row["attack"]) for row in read(options.out)}
    left = [pair for pair in plan if label(pair) not in known]
    lock = threading.Lock()
    done = 0

    def run(pair: Pair) -> None:
        nonlocal done
        with tempfile.TemporaryDirectory() as name:
            row = play(*pair, Path(name), flags=flags, seconds=options.seconds + 120)
        with lock:
            done += 1
            with options.out.open("a") as file:
                file.write(json.dumps(row) + "\n")
            said = "; ".join(row["found"]) or f"{row['exit_code']} {row['outcome']}"
            print(f"[{done:4}/{len(left)}] {row['task']:10} {row['attack']:44} {said}", flush=True)

    # Both end in order, also where it runs in the background, which ignores interrupts.
    for wanted_end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted_end, signal.default_int_handler)
    pool = ThreadPoolExecutor(options.workers)
    try:
        for _ in pool.map(run, left):
            pass
    except KeyboardInterrupt:
        print("\ninterrupted: the same command goes on with the rest, once what runs is over")
    finally:
        pool.shutdown(cancel_futures=True)
    wanted = {label(pair) for pair in plan}
    rows = [row for row in read(options.out) if (row["task"], row["attack"]) in wanted]
    print(table(rows))
    sys.exit(any(row["found"] for row in rows))


if __name__ == "__main__":
    main()
