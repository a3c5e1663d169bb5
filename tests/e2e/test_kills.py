"""Killed at any point, a repair that is resumed ends as one that nobody disturbed. All points: bench/kills.py."""

from __future__ import annotations

import random
import time

import pytest

from e2e.conftest import Repo
from fakes.kills import begun, killed

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]


@pytest.mark.parametrize("candidates", [1, 2])
@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_a_repair_that_was_killed_ends_as_one_that_was_not(repo: Repo, candidates: int, part: int) -> None:
    """A point in each quarter of the time that it takes, another one in every run."""
    began = time.monotonic()
    with begun(repo, candidates) as process:
        assert process.wait(120) == 0
    took = time.monotonic() - began
    for path, text in {
        "shop/cart.py": "def total(prices, discount=0):\n    return sum(prices) + discount\n"
    }.items():
        (repo.root / path).write_text(text)
    found = killed(repo, random.uniform(part / 4, (part + 1) / 4) * took, candidates)
    assert (found.code, found.wrong) == (0, ()), found
