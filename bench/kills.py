"""Repairs that are killed with SIGKILL, at random points, and resumed: each must end as one that was not.

    .venv/bin/python bench/kills.py --points 100

Half of them have one candidate, half two at a time. Needs the Docker engine. Exit code 1: one ended otherwise;
its repository and its session are kept in build/kills.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fakes.kills import fresh, killed, undisturbed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    took: dict[int, float] = {}
    for candidates in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            took[candidates] = undisturbed(Path(folder), candidates)
    stood: Counter[str] = Counter()
    bad = 0
    for point in range(options.points):
        candidates = 1 + point % 2
        with tempfile.TemporaryDirectory() as folder:
            found = killed(fresh(Path(folder)), chance.uniform(0, took[candidates]), candidates)
            if found.code or found.wrong:
                bad += 1
                print(f"point {point}, {candidates} candidates: {found}", flush=True)
                shutil.copytree(folder, f"build/kills/{point}", symlinks=True, dirs_exist_ok=True)
        stood[found.stood] += 1
    print(f"{options.points} kills, {bad} ended otherwise; where they stood: {dict(stood.most_common())}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
