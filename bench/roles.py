"""`loop` against `pipeline`, one role against two: solve rate, tokens, calls and time, with any profile.

    .venv/bin/python bench/roles.py FOLDER... [--seeds N] [--profile NAME] [--steps N]

Each FOLDER is a project with a failing test; it is copied, and each way of going about it is run with each seed.
Reported, not gated: figures of a small model say little about R1.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

SCRIPT = Path(sys.executable).with_name("r1code")


def ways(profile: str) -> Mapping[str, Sequence[str]]:
    return {
        "loop, one role": ["--strategy", "loop"],
        "loop, two roles": ["--strategy", "loop", "--planner", profile],
        "pipeline": ["--strategy", "pipeline"],
    }


def run(project: Path, flags: Sequence[str], test: str) -> tuple[bool, int, int, float]:
    """Whether it was fixed, and its tokens, calls and seconds."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "project"
        shutil.copytree(project, root)
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        began = time.monotonic()
        done = subprocess.run(
            [str(SCRIPT), "fix", "--test", test, "--json", "--yes", "--dry-run", *flags],
            cwd=root,
            env={**os.environ, "R1CODE_STATE_DIR": f"{name}/state"},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - began
    events = [json.loads(line) for line in done.stdout.splitlines()]
    used = [event["usage"] for event in events if event["event"] == "ReplyReceived"]
    tokens = sum((one["prompt"] or 0) + (one["completion"] or 0) for one in used)
    return done.returncode == 0, tokens, len(used), seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("projects", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--profile", default="embedded")
    parser.add_argument("--steps", default="40")
    parser.add_argument("--test", default="python3 -m pytest -q")
    options = parser.parse_args()
    for name, more in ways(options.profile).items():
        runs = [
            run(
                project,
                [*more, "--profile", options.profile, "--seed", str(seed), "--steps", options.steps],
                options.test,
            )
            for project in options.projects
            for seed in range(options.seeds)
        ]
        fixed, tokens, calls, seconds = (sum(one) for one in zip(*runs, strict=True))
        count = len(runs)
        print(
            f"{name:16} {fixed}/{count} fixed, {tokens / count:8.0f} tokens, {calls / count:5.1f} calls, "
            f"{seconds / count:6.1f} s a run",
            flush=True,
        )


if __name__ == "__main__":
    main()
