from datetime import datetime, timedelta

import pytest

from gaugelog.events import Event, Threshold, find_events
from gaugelog.readings import Reading

START = datetime(2023, 11, 4, 10, 0)
THRESHOLD = Threshold(trigger=2.0, clear=1.8)


def series(*stages: float, step: int = 10) -> list[Reading]:
    return [Reading(START + timedelta(minutes=step * i), stage) for i, stage in enumerate(stages)]


def test_quiet_water_has_no_events() -> None:
    assert find_events(series(1.0, 1.5, 1.9), THRESHOLD) == []


def test_event_runs_until_below_clear() -> None:
    readings = series(1.5, 2.0, 2.4, 1.9, 1.7)
    assert find_events(readings, THRESHOLD) == [Event(readings[1].time, readings[3].time, readings[2])]


def test_dip_above_clear_does_not_divide_an_event() -> None:
    assert len(find_events(series(2.1, 1.8, 2.2, 1.7), THRESHOLD)) == 1


def test_two_events() -> None:
    events = find_events(series(2.1, 1.5, 2.3, 1.5), THRESHOLD)
    assert [event.peak.stage for event in events] == [2.1, 2.3]


def test_event_still_under_way_at_the_end() -> None:
    readings = series(1.5, 2.1, 2.6)
    assert find_events(readings, THRESHOLD) == [Event(readings[1].time, readings[2].time, readings[2])]


def test_event_of_several_hours() -> None:
    readings = series(1.7, 2.1, 2.5, 2.9, 2.6, 2.2, 1.9, 1.6, step=45)
    events = find_events(readings, THRESHOLD)
    assert events == [Event(readings[1].time, readings[6].time, readings[3])]
    assert events[0].duration == timedelta(hours=3, minutes=45)


def test_outage_ends_an_event() -> None:
    readings = series(2.1, 2.2)
    later = [Reading(reading.time + timedelta(hours=5), reading.stage) for reading in readings]
    assert len(find_events(readings + later, THRESHOLD)) == 2


def test_clear_above_trigger_is_refused() -> None:
    with pytest.raises(ValueError):
        Threshold(trigger=2.0, clear=2.1)
