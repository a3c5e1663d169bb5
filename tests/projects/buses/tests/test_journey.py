import pytest

from buses.journey import best_journey, directions, journeys
from buses.model import TimetableError
from buses.read import parse_timetable

TRIPS = parse_timetable("""
line 7 daily
08:00 Station
08:07 Market
08:15 Harbour

line 12 daily
08:10 Market
08:30 Airport

line 12 daily
08:41 Market
09:01 Airport
""")
EXPRESS = parse_timetable("""
line 3 daily
09:00 Station
09:40 Hospital

line X3 daily
09:25 Station
09:40 Hospital

line 3 daily
09:30 Station
10:10 Hospital
""")


def lines(journey):
    return [ride.line for ride in journey.rides]


def test_a_direct_bus_is_a_journey():
    journey = best_journey(TRIPS, "Station", "Harbour", since=480)
    assert lines(journey) == ["7"]
    assert (journey.leaves, journey.arrives, journey.minutes) == (480, 495, 15)


def test_a_change_takes_four_minutes():
    journey = best_journey(TRIPS, "Station", "Airport", since=480)
    assert lines(journey) == ["7", "12"]
    assert journey.arrives == 541


def test_four_minutes_suffice():
    trips = parse_timetable(
        "line 7 daily\n08:00 Station\n08:06 Market\n\nline 12 daily\n08:10 Market\n08:30 Airport\n"
    )
    assert len(journeys(trips, "Station", "Airport")) == 1


def test_the_first_to_arrive_is_best():
    assert lines(best_journey(EXPRESS, "Station", "Hospital", since=545)) == ["X3"]


def test_of_two_that_arrive_together_the_shorter_journey_is_best():
    journey = best_journey(EXPRESS, "Station", "Hospital", since=540)
    assert lines(journey) == ["X3"]
    assert journey.minutes == 15


def test_buses_do_not_go_backwards():
    with pytest.raises(TimetableError, match="no bus goes from Harbour to Station after 08:00"):
        best_journey(TRIPS, "Harbour", "Station", since=480)


def test_directions_name_every_ride():
    assert directions(best_journey(TRIPS, "Station", "Airport", since=480)) == (
        "08:00 Station, line 7 to Market, 08:07\n"
        "08:41 Market, line 12 to Airport, 09:01\n"
        "1 h 01 min\n"
    )
