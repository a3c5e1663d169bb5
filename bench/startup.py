"""How long `r1code --version` takes, as a multiple of `python -c pass`: medians of alternating runs."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 41
SCRIPT = Path(sys.executable).with_name("r1code")


def milliseconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "python -I -c pass": [sys.executable, "-I", "-c", "pass"],
        "r1code --version": [str(SCRIPT), "--version"],
        "r1code --help": [str(SCRIPT), "--help"],
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            taken[name].append(milliseconds(command))
    floor = statistics.median(taken["python -c pass"])
    for name, values in taken.items():
        median = statistics.median(values)
        print(f"{name:<20} {median:6.1f} ms  {median / floor:4.1f} x")
    ratio = statistics.median(taken["r1code --version"]) / floor
    print(json.dumps({"startup_ratio": round(ratio, 2)}))


main()
