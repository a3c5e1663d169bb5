import pytest

from buses.fares import day_price, fare, zones_touched
from buses.model import Call, Journey, Ride
from buses.words import duration, price

ZONES = {"Station": 1, "Market": 1, "Harbour": 2, "Airport": 4}


def journey(*stops):
    """A journey that changes at each of the stops between the first and the last."""
    calls = [Call(stop, 480 + 10 * number) for number, stop in enumerate(stops)]
    rides = [Ride("7", start, end) for start, end in zip(calls, calls[1:])]
    return Journey(tuple(rides))


@pytest.mark.parametrize(
    ("stops", "count"),
    [
        (("Station", "Market"), 1),
        (("Station", "Airport"), 4),
        (("Airport", "Harbour"), 3),
        (("Station", "Harbour", "Airport"), 4),
    ],
)
def test_a_zone_counts_once(stops, count):
    assert zones_touched(journey(*stops), ZONES) == count


def test_each_further_zone_costs_more():
    assert fare(journey("Station", "Market"), ZONES, age=30) == 180
    assert fare(journey("Station", "Airport"), ZONES, age=30) == 390


def test_children_pay_half_and_small_ones_nothing():
    ages = (5, 6, 14, 15)
    fares = [fare(journey("Station", "Harbour"), ZONES, age) for age in ages]
    assert fares == [0, 125, 125, 250]


def test_a_day_costs_no_more_than_a_day_ticket():
    assert day_price([250, 180]) == 430
    assert day_price([390, 390]) == 750


def test_prices_and_durations_are_written_for_passengers():
    assert [price(750), price(5)] == ["7.50", "0.05"]
    assert [duration(45), duration(65)] == ["45 min", "1 h 05 min"]
