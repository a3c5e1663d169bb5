"""`loop` against `pipeline`, and one role against two: solve rate, tokens, calls and time, with any profile.

    .venv/bin/python bench/roles.py [--bugs cart,leap] [--seeds N] [--profile NAME] [--seconds N] [--out FILE]

Each bug in Python of tests/bugs is a project of its own; each way of going about it gets a fresh copy, with each
seed. Whether it is solved is not what r1code says: the tests as they were run here, on what it left. Each run is
a row of --out as soon as it is over; what is there already is not run again, so it can be interrupted.
Nothing is gated: figures of a small model say little about R1.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypedDict, cast

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bugs import BUGS, Bug
from bugs.attempt import ended

PYTHON = [bug for bug in BUGS if bug.language == "python"]
SCRIPT = Path(sys.executable).with_name("r1code")
GRACE = 120
"""Seconds beyond its own limit until a run is ended from here: for sandboxes, tests and the model's loading."""
LONE = "loop, one role"


class Key(TypedDict):
    """What is run; a row with the same one is not run again."""

    bug: str
    way: str
    seed: int
    profile: str
    planner: str
    steps: int
    limit: int
    more: str
    """Other flags."""


class Row(Key):
    solved: bool
    """The tests pass, run here."""
    claimed: bool
    """r1code said so."""
    exit_code: int | None
    """None: it was ended from here."""
    ended: str
    tokens: int
    planned: int
    """Of them, the planner's."""
    calls: int
    seconds: float


def ways(planner: str) -> Mapping[str, Sequence[str]]:
    return {
        LONE: ["--strategy", "loop"],
        "loop, two roles": ["--strategy", "loop", "--planner", planner],
        "pipeline": ["--strategy", "pipeline"],
    }


def passes(bug: Bug, folder: Path) -> bool:
    """Whether the tests as they were pass on what `folder` holds now, in a process of their own."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        bug.write(root)
        for path in bug.sources():
            if not (folder / path).is_file():
                return False
            shutil.copy(folder / path, root / path)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        try:
            done = subprocess.run(command, cwd=root, capture_output=True, timeout=GRACE, check=False)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def run(bug: Bug, key: Key, flags: Sequence[str]) -> Row:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "project"
        root.mkdir()
        bug.write(root)
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        limits = ["--steps", str(key["steps"]), "--seconds", str(key["limit"])]
        chosen = ["--profile", key["profile"], "--seed", str(key["seed"]), *limits, *flags]
        began = time.monotonic()
        code, out, said = ended(
            [str(SCRIPT), "fix", "--test", "python3 -m pytest -q", "--json", "--yes", *chosen],
            root,
            {**os.environ, "R1CODE_STATE_DIR": f"{name}/state"},
            key["limit"] + GRACE,
        )
        seconds = time.monotonic() - began
        solved = passes(bug, root)
    events = [json.loads(line) for line in out.splitlines() if line.endswith("}")]
    last = next((one for one in reversed(events) if one["event"] == "Finished"), None)
    if last is None and code is not None and not any(one["event"] == "TurnStarted" for one in events):
        raise SystemExit(f"{bug.name}, {key['way']}: r1code could not begin (exit code {code})\n{said}")
    spent = list(spendings(events))
    return Row(
        **key,
        solved=solved,
        claimed=code == 0,
        exit_code=code,
        ended="" if last is None else f"{last['outcome']}/{last['reason']}",
        tokens=sum(tokens for _, tokens in spent),
        planned=sum(tokens for role, tokens in spent if role == "planner"),
        calls=len(spent),
        seconds=round(seconds, 1),
    )


def spendings(events: Sequence[dict[str, object]]) -> Iterator[tuple[str, int]]:
    """Of each call, whose it was and its tokens."""
    role = "actor"
    for event in events:
        if event["event"] == "RoleStarted":
            role = str(event["role"])
        elif event["event"] == "ReplyReceived":
            used = cast("dict[str, int | None]", event["usage"])
            yield role, (used["prompt"] or 0) + (used["completion"] or 0)


def read(path: Path) -> list[Row]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [cast("Row", json.loads(line)) for line in lines]


def table(rows: Sequence[Row]) -> str:
    lines = [
        f"{'':16} {'solved':>9} {'tokens':>9} {'planner':>9} {'calls':>6} {'s a run':>8}  medians; of solved"
    ]
    for way in dict.fromkeys(row["way"] for row in rows):
        own = [row for row in rows if row["way"] == way]
        solved = [row for row in own if row["solved"]]
        figures = " ".join(
            f"{statistics.median([row[name] for row in own]):{width}.{digits}f}"
            for name, width, digits in (("tokens", 9, 0), ("planned", 9, 0), ("calls", 6, 1), ("seconds", 8, 1))
        )
        cheap = f"{statistics.median([row['tokens'] for row in solved]):.0f} tokens" if solved else "-"
        lines.append(f"{way:16} {len(solved):4}/{len(own):<4} {figures}  {cheap}")
        wrong = [f"{row['bug']}/{row['seed']}" for row in own if row["claimed"] != row["solved"]]
        if wrong:
            lines.append(f"  ! r1code and the tests here do not agree: {', '.join(wrong)}")
    # Ways are compared on what all of them were run on.
    solved_by = {
        way: {(r["bug"], r["seed"]) for r in rows if r["way"] == way and r["solved"]} for way in ways("")
    }
    ran = {way: {(row["bug"], row["seed"]) for row in rows if row["way"] == way} for way in solved_by}
    for way in list(solved_by)[1:]:
        both = ran[way] & ran[LONE]
        more, less = solved_by[way] - solved_by[LONE], solved_by[LONE] - solved_by[way]
        lines.append(f"{way} against {LONE}, {len(both)} pairs: {len(more & both)} more, {len(less & both)} less")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--bugs", help="names, with commas (all)")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--profile", default="embedded")
    parser.add_argument("--planner", help="of two roles, the planner's profile (the same)")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seconds", type=int, default=300, help="limit of a run")
    parser.add_argument("--out", type=Path, default=Path("build/roles.jsonl"))
    parser.add_argument("more", nargs="*", help="flags for r1code, after --: --sandbox bubblewrap")
    options = parser.parse_args()
    wanted = None if options.bugs is None else options.bugs.split(",")
    bugs = [bug for bug in PYTHON if wanted is None or bug.name in wanted]
    if wanted is not None and len(bugs) != len(set(wanted)):
        parser.error(f"the bugs are: {', '.join(bug.name for bug in PYTHON)}")
    planner = options.planner or options.profile
    # Bug by bug, so that what is there after an interrupt can be compared.
    plan = [
        (
            bug,
            flags,
            Key(
                bug=bug.name,
                way=way,
                seed=seed,
                profile=options.profile,
                planner=planner,
                steps=options.steps,
                limit=options.seconds,
                more=" ".join(options.more),
            ),
        )
        for seed in range(options.seeds)
        for bug in bugs
        for way, flags in ways(planner).items()
    ]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    known = read(options.out)
    rows: list[Row] = []
    # Both end in order, also where it runs in the background, which ignores interrupts.
    for wanted_end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted_end, signal.default_int_handler)
    try:
        for number, (bug, flags, key) in enumerate(plan, start=1):
            row = next((one for one in known if key.items() <= one.items()), None)
            print(
                f"[{number:3}/{len(plan)}] {bug.name:10} {key['way']:16} seed {key['seed']}: ", end="", flush=True
            )
            was = "known: " if row is not None else ""
            if row is None:
                row = run(bug, key, [*flags, *options.more])
                with options.out.open("a") as file:
                    file.write(json.dumps(row) + "\n")
            rows.append(row)
            how = "solved" if row["solved"] else f"not solved ({row['ended'] or 'ended from here'})"
            print(f"{was}{how}, {row['tokens']:,} tokens, {row['calls']} calls, {row['seconds']} s", flush=True)
    except KeyboardInterrupt:
        print("\ninterrupted: the same command goes on with the rest")
    print(table(rows) if rows else "nothing was run")


if __name__ == "__main__":
    main()
