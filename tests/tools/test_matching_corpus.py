from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / "bench" / "matching" / "run.py"


@pytest.mark.timeout(240)
def test_damaged_edits_of_every_kind_land_exactly_or_are_refused() -> None:
    # A small sample of the benchmark; bench/matching says what the kinds are.
    command = [sys.executable, str(RUN), "--seed", "7", "--cases", "1200"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = [int(count) for count in re.findall(r"^[AB] (?!all)\w+ +(\d+)", done.stdout, re.MULTILINE)]
    assert len(counts) >= 40
    assert sum(counts) >= 1000
