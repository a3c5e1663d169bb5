from datetime import datetime, timedelta

import pytest

from gaugelog.rating import RatingTable
from gaugelog.readings import Reading
from gaugelog.volume import flow_volume

START = datetime(2023, 11, 4, 10, 0)
TABLE = RatingTable([(0.5, 0.0), (1.0, 10.0), (2.0, 50.0)])


def at(minutes: int, stage: float) -> Reading:
    return Reading(START + timedelta(minutes=minutes), stage)


@pytest.mark.parametrize(
    ("stage", "expected"), [(0.2, 0.0), (0.75, 5.0), (1.0, 10.0), (1.5, 30.0), (2.5, 70.0)]
)
def test_discharge(stage: float, expected: float) -> None:
    assert TABLE.discharge(stage) == pytest.approx(expected)


def test_table_needs_two_points() -> None:
    with pytest.raises(ValueError):
        RatingTable([(1.0, 10.0)])


def test_volume_between_two_readings() -> None:
    assert flow_volume([at(0, 1.0), at(10, 1.5)], TABLE) == pytest.approx(20.0 * 600)


def test_volume_of_a_steady_day() -> None:
    readings = [at(15 * i, 1.0) for i in range(97)]
    assert flow_volume(readings, TABLE) == pytest.approx(10.0 * 86400)


def test_outage_contributes_nothing() -> None:
    readings = [at(0, 1.0), at(10, 1.0), at(300, 2.0), at(310, 2.0)]
    assert flow_volume(readings, TABLE) == pytest.approx(60.0 * 600)
