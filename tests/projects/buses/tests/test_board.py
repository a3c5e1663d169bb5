from buses.board import board
from buses.read import parse_timetable

DAY = """
line 12 daily
08:10 Market
08:30 Airport

line 7 daily
08:00 Station
08:07 Market
08:15 Harbour
"""
EVENING = """
line N1 daily
23:55 Airport
24:05 Market
24:20 Harbour

line 7 daily
23:40 Market
23:50 Harbour
"""


def test_the_earliest_departure_comes_first():
    assert board(parse_timetable(DAY), "Market", since=480) == (
        "08:07  7   Harbour\n"
        "08:10  12  Airport\n"
    )


def test_a_bus_that_has_left_is_not_on_the_board():
    assert board(parse_timetable(DAY), "Market", since=488) == "08:10  12  Airport\n"


def test_a_bus_that_leaves_now_is_on_the_board():
    assert board(parse_timetable(DAY), "Market", since=490) == "08:10  12  Airport\n"


def test_night_buses_come_after_the_last_bus_of_the_evening():
    assert board(parse_timetable(EVENING), "Market", since=1410) == (
        "23:40  7   Harbour\n"
        "00:05  N1  Harbour\n"
    )


def test_nobody_gets_on_at_the_last_stop():
    assert board(parse_timetable(DAY), "Harbour", since=0) == "no more buses today\n"


def test_a_board_has_five_rows():
    trips = parse_timetable("line 7 daily\n08:00 Station\n08:07 Market\n") * 6
    assert len(board(trips, "Station", since=0).splitlines()) == 5
