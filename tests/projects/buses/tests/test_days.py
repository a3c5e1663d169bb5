from datetime import date

from buses.days import kind_of, trips_on
from buses.read import parse_timetable

FRIDAY = date(2024, 5, 3)
SATURDAY = date(2024, 5, 4)
SUNDAY = date(2024, 5, 5)

TRIPS = parse_timetable(
    "line 1 weekdays\n08:00 Station\n08:10 Market\n\n"
    "line 2 saturdays\n09:00 Station\n09:10 Market\n\n"
    "line 3 sundays\n10:00 Station\n10:10 Market\n\n"
    "line 4 daily\n11:00 Station\n11:10 Market\n"
)


def lines_on(day, holidays=()):
    return [trip.line for trip in trips_on(TRIPS, day, holidays)]


def test_a_date_is_a_weekday_a_saturday_or_a_sunday():
    assert [kind_of(day) for day in (FRIDAY, SATURDAY, SUNDAY)] == [
        "weekdays",
        "saturdays",
        "sundays",
    ]


def test_only_the_trips_of_the_day_run():
    assert lines_on(FRIDAY) == ["1", "4"]
    assert lines_on(SATURDAY) == ["2", "4"]


def test_a_holiday_is_like_a_sunday():
    assert lines_on(FRIDAY, holidays={FRIDAY}) == lines_on(SUNDAY) == ["3", "4"]
