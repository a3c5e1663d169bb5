from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, localcontext

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.profiles import Cost, Peak, Price, load_profiles
from r1code.types import Usage

BEIJING = timezone(timedelta(hours=8))
NIGHT = datetime(2026, 11, 25, 20, tzinfo=UTC)
FLASH = load_profiles()["deepseek-flash"].profile.price
assert FLASH is not None
OPEN = Price(currency="USD", date="2026-07-02", source="https://models.dev", miss=0.5, output=2.0)


def test_hit_miss_answer_and_reasoning_are_told_apart() -> None:
    usage = Usage(prompt=1_000_000, cached=900_000, completion=10_000, reasoning=7_000)
    assert FLASH is not None
    assert FLASH.cost(usage, NIGHT) == Cost(
        currency="USD",
        hit=Decimal("0.0027"),
        miss=Decimal("0.015"),
        prompt=Decimal("0.0177"),
        answer=Decimal("0.0018"),
        reasoning=Decimal("0.0042"),
        output=Decimal("0.006"),
        total=Decimal("0.0237"),
        at_most=Decimal("0.156"),
    )


@pytest.mark.parametrize(
    ("when", "peak"),
    [
        ((25, 8, 59), False),
        ((25, 9, 0), True),
        ((25, 11, 59), True),
        ((25, 12, 0), False),
        ((25, 14, 0), True),
        ((25, 17, 59), True),
        ((25, 18, 0), False),
        ((28, 10, 0), False),
        ((29, 15, 0), False),
    ],
)
def test_deepseeks_peak_hours_are_those_of_beijing_on_weekdays(when: tuple[int, int, int], peak: bool) -> None:
    """25 November 2026 is a Wednesday, the 28th and 29th are a weekend."""
    day, hour, minute = when
    there = datetime(2026, 11, day, hour, minute, tzinfo=BEIJING)
    usage = Usage(prompt=1000, cached=0, completion=1000)
    assert FLASH is not None
    usual = FLASH.cost(usage, NIGHT).total
    assert usual == Decimal("0.00075")
    # However the time is written, it is the same moment.
    for at in (there, there.astimezone(UTC), there.astimezone(timezone(timedelta(hours=-8)))):
        assert FLASH.cost(usage, at).total == usual * (2 if peak else 1)


@pytest.mark.parametrize(
    ("usage", "known"),
    [
        (Usage(), set[str]()),
        (Usage(prompt=10), set[str]()),
        (Usage(completion=10), {"output"}),
        (Usage(completion=10, reasoning=4), {"answer", "reasoning", "output"}),
        (Usage(prompt=10, completion=10), {"output", "at_most"}),
        (Usage(prompt=10, cached=0, completion=10), {"hit", "miss", "prompt", "output", "total", "at_most"}),
        (Usage(prompt=10, cached=4, completion=10), {"miss", "output", "at_most"}),
        (Usage(prompt=10, cached=11, completion=10), {"output", "at_most"}),
        (
            Usage(prompt=10, cached=0, completion=3, reasoning=4),
            {"hit", "miss", "prompt", "output", "total", "at_most"},
        ),
    ],
)
def test_what_is_not_known_stays_unknown(usage: Usage, known: set[str]) -> None:
    """The price of a hit is not known here."""
    cost = msgspec.structs.asdict(OPEN.cost(usage, NIGHT))
    assert {name for name, value in cost.items() if value is not None} == known | {"currency"}


def test_where_hits_cost_the_same_the_prompt_needs_no_division() -> None:
    price = msgspec.structs.replace(OPEN, hit=0.5)
    cost = price.cost(Usage(prompt=2_000_000, completion=0), NIGHT)
    assert (cost.hit, cost.miss, cost.prompt, cost.total) == (None, None, Decimal(1), Decimal(1))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        OPEN.cost(Usage(), datetime.fromisoformat("2026-11-25T10:00"))


def test_costs_add_up_and_an_unknown_one_makes_the_sum_unknown() -> None:
    one = OPEN.cost(Usage(prompt=10, cached=0, completion=10), NIGHT)
    assert one.total is not None
    assert (one + one).total == 2 * one.total
    unknown = one + OPEN.cost(Usage(prompt=10, completion=10), NIGHT)
    assert (unknown.total, unknown.at_most) == (None, 2 * one.total)
    with pytest.raises(ValueError, match="CNY"):
        _ = one + msgspec.structs.replace(one, currency="CNY")


AMOUNT = st.floats(0, 1000, allow_nan=False)
PRICES = st.builds(
    Price,
    currency=st.just("USD"),
    date=st.just("2026-01-01"),
    source=st.just("x"),
    hit=st.none() | AMOUNT,
    miss=AMOUNT,
    output=AMOUNT,
    peak=st.none()
    | st.builds(
        Peak,
        factor=st.floats(1, 9),
        utc_offset=st.sampled_from([8.0, -3.5]),
        days=st.just(("mon", "tue", "wed", "thu", "fri", "sat", "sun")),
        hours=st.sampled_from([((0, 24),), ((9, 12), (14, 18))]),
    ),
)


@given(PRICES, st.integers(0, 10**7), st.integers(0, 10**6), st.data())
def test_no_answer_costs_more_than_its_bound(price: Price, prompt: int, output: int, data: st.DataObject) -> None:
    cached = data.draw(st.none() | st.integers(0, prompt))
    reasoning = data.draw(st.none() | st.integers(0, output))
    at = data.draw(st.datetimes(timezones=st.just(UTC)))
    cost = price.cost(Usage(prompt=prompt, cached=cached, completion=output, reasoning=reasoning), at)
    assert cost.at_most is not None
    assert cost.at_most <= price.bound(prompt, output)
    if cost.total is not None:
        assert cost.total <= cost.at_most
        assert cost.prompt is not None
        assert cost.output is not None
        with localcontext(prec=60):
            assert cost.total == cost.prompt + cost.output
