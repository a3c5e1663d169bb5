from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.conftest import Place
from r1code.batch.compare import compare
from r1code.batch.statistics import mcnemar, median_interval, paired_difference, wilson
from r1code.batch.summary import Row, curve, summary_of
from r1code.errors import UsageError

COUNTS = st.integers(0, 400)


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    # As R's prop.test(correct = FALSE) and textbooks have them.
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962)],
)
def test_the_interval_of_a_rate_is_wilsons(successes: int, count: int, low: float, high: float) -> None:
    assert wilson(successes, count) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    # As scipy.stats.binomtest(min, sum, 0.5).pvalue has them.
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (10, 2, 0.03857421875), (6, 6, 1.0), (2, 10, 0.03857421875)],
)
def test_the_test_is_mcnemars_exact_one(gained: int, lost: int, p: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(p)


def test_many_flips_are_no_trouble() -> None:
    assert mcnemar(2_000, 2_000) == 1.0
    assert 0.0 <= mcnemar(3_000, 0) < 1e-300


@given(COUNTS, COUNTS, COUNTS)
def test_intervals_hold_what_they_are_of(gained: int, lost: int, same: int) -> None:
    count = gained + lost + same
    if count == 0:
        assert (wilson(0, 0), paired_difference(0, 0, 0)) == ((0.0, 1.0), (-1.0, 1.0))
        return
    low, high = wilson(gained, count)
    assert 0.0 <= low <= gained / count <= high <= 1.0
    low, high = paired_difference(gained, lost, count)
    back = paired_difference(lost, gained, count)
    assert -1.0 <= low <= high <= 1.0
    assert (low, high) == pytest.approx((-back[1], -back[0]))
    assert 0.0 <= mcnemar(gained, lost) == mcnemar(lost, gained) <= 1.0


def test_the_interval_of_a_median_is_made_of_ranks() -> None:
    # Ranks as tables of the sign test have them.
    assert median_interval(range(1, 6)) is None
    assert median_interval(range(1, 7)) == (1, 6)
    assert median_interval(range(1, 11)) == (2, 9)
    assert median_interval(range(100, 0, -1)) == (40, 61)


def test_a_curve_only_rises_and_ends_at_the_rate() -> None:
    rows = [
        Row(
            id=str(at),
            outcome="fixed",
            solved=at % 2 == 0,
            seconds=at,
            tokens=at,
            cost=None,
            attempts=1,
            tries=1,
            why="",
        )
        for at in (5, 2, 9, 4)
    ]
    points = curve(rows, lambda row: row.seconds)
    assert points == [(0.0, 0.0), (2, 0.0), (2, 0.25), (4, 0.25), (4, 0.5), (9, 0.5)]
    assert curve([], lambda row: row.seconds) == [(0.0, 0.0), (0.0, 0.0)]


def test_two_batches_are_compared_task_by_task(place: Place) -> None:
    other = Place(place.folder / "other")
    place.run(place.plan(place.task("a", "fixed"), place.task("b", "not_fixed"), place.task("c", "fixed")))
    tasks = [other.task("a", "fixed"), other.task("b", "not_fixed"), other.task("c", "fixed", text="else")]
    other.run(other.plan(*tasks))
    summary = summary_of(place.bundle)
    assert (summary.done, summary.solved, summary.faults) == (3, 2, 0)
    assert summary.outcomes == {"fixed": 2, "not_fixed": 1}
    found = compare(place.bundle, other.bundle)
    assert (found.tasks, found.differing, found.gained, found.lost) == (2, ("c",), (), ())
    assert found.first == found.second
    third = Place(place.folder / "third")
    third.run(third.plan(third.task("z")))
    with pytest.raises(UsageError, match="cannot be compared"):
        compare(place.bundle, third.bundle)
