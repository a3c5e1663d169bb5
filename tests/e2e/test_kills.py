"""Killed at any point, a resumed repair ends as one that nobody disturbed. Many points: bench/kills.py."""

from __future__ import annotations

import functools
import random
from pathlib import Path

import pytest

from fakes.kills import fresh, killed, undisturbed

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]


@pytest.fixture(scope="module")
def took(tmp_path_factory: pytest.TempPathFactory) -> functools.partial[float]:
    return functools.partial(functools.cache(undisturbed), tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize("part", [pytest.param(0, marks=pytest.mark.full), 1])
def test_a_repair_that_was_killed_ends_as_one_that_was_not(
    tmp_path: Path, took: functools.partial[float], part: int
) -> None:
    """A point in each half of the time that it takes, another one in every run."""
    at = random.uniform(part / 2, (part + 1) / 2) * took(1)
    found = killed(fresh(tmp_path), at)
    assert (found.code, found.wrong) == (0, ()), found


def test_so_does_one_with_candidates_at_the_same_time(tmp_path: Path, took: functools.partial[float]) -> None:
    found = killed(fresh(tmp_path), random.uniform(0.3, 1.3) * took(1), candidates=2)
    assert (found.code, found.wrong) == (0, ()), found
