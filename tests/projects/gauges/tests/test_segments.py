from datetime import datetime, timedelta

import pytest

from gaugelog.readings import Reading
from gaugelog.segments import Outage, find_outages, split_at_gaps

START = datetime(2023, 11, 4, 10, 0)


def at(minutes: int) -> Reading:
    return Reading(START + timedelta(minutes=minutes), 1.0)


def test_no_readings_no_segments() -> None:
    assert split_at_gaps([]) == []


def test_splits_at_a_long_gap() -> None:
    readings = [at(0), at(15), at(120), at(135)]
    assert split_at_gaps(readings) == [readings[:2], readings[2:]]


def test_gap_of_exactly_the_limit_does_not_split() -> None:
    readings = [at(0), at(60)]
    assert split_at_gaps(readings) == [readings]


def test_limit_must_be_positive() -> None:
    with pytest.raises(ValueError):
        split_at_gaps([at(0)], timedelta(0))


def test_outage_lies_between_segments() -> None:
    outages = find_outages([at(0), at(15), at(120)])
    assert outages == [Outage(START + timedelta(minutes=15), START + timedelta(minutes=120))]
    assert outages[0].duration == timedelta(minutes=105)
