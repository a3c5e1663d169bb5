import pytest

from buses.model import Call, TimetableError
from buses.read import parse_call, parse_time, parse_timetable, parse_trip


def test_a_time_is_counted_in_minutes():
    assert parse_time("00:00") == 0
    assert parse_time("08:12") == 492


@pytest.mark.parametrize("text", ["8:12", "08.12", "08:60", ""])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(TimetableError, match="is no time"):
        parse_time(text)


def test_a_call_has_a_time_and_a_stop():
    assert parse_call("08:12 Old Market") == Call("Old Market", 492)


def test_a_call_without_a_stop_is_refused():
    with pytest.raises(TimetableError, match="no time and stop in '08:12'"):
        parse_call("08:12")


def test_a_timetable_has_trips_with_empty_lines_between_them():
    trips = parse_timetable(
        "line 7 weekdays\n08:05 Station\n08:20 Harbour\n\n"
        "line 12 daily\n09:00 Harbour\n09:10 Market\n"
    )
    assert [(trip.line, trip.days) for trip in trips] == [("7", "weekdays"), ("12", "daily")]
    assert [trip.destination for trip in trips] == ["Harbour", "Market"]


def test_an_empty_timetable_has_no_trips():
    assert parse_timetable("\n") == []


def test_a_trip_on_unknown_days_is_refused():
    with pytest.raises(TimetableError, match="line 7 runs on unknown days: fridays"):
        parse_trip(["line 7 fridays", "08:05 Station", "08:20 Harbour"])


def test_a_trip_with_one_call_is_refused():
    with pytest.raises(TimetableError, match="line 7 goes nowhere"):
        parse_trip(["line 7 daily", "08:05 Station"])


def test_a_bus_does_not_go_back_in_time():
    with pytest.raises(TimetableError, match="line 7 is at Harbour too early"):
        parse_trip(["line 7 daily", "08:05 Station", "08:05 Harbour"])
