from datetime import date, timedelta

from lending.fees import in_words, late_fee

DUE = date(2024, 3, 20)


def returned_after(days):
    return late_fee(DUE, DUE + timedelta(days=days))


def test_returning_in_time_is_free():
    assert returned_after(-3) == 0
    assert returned_after(0) == 0


def test_the_grace_days_are_free():
    assert returned_after(1) == 0
    assert returned_after(2) == 0


def test_only_the_days_after_the_grace_days_are_charged():
    assert returned_after(3) == 25
    assert returned_after(6) == 100


def test_the_fee_has_an_upper_limit():
    assert returned_after(365) == 1000


def test_an_amount_has_two_decimals():
    assert in_words(1005) == "10.05"
    assert in_words(25) == "0.25"
