from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.budget import USEFUL, Ask, Meter, Reservation
from r1code.control import Control
from r1code.errors import BudgetExhausted, Cancelled
from r1code.profiles import Peak, Price
from r1code.types import Budget, Usage

PRICE = Price(currency="USD", date="2026-01-01", source="x", hit=0.1, miss=1.0, output=4.0)
ALWAYS = Peak(factor=2.0, utc_offset=0, days=("mon", "tue", "wed", "thu", "fri", "sat", "sun"), hours=((0, 24),))


def ask(prompt: int = 1000, output: int | None = 4000, **more: object) -> Ask:
    return Ask(prompt=prompt, output=output, price=PRICE, **more)


def reserve(meter: Meter, what: Ask) -> Reservation:
    return meter.reserve(what, Control())


@pytest.mark.parametrize(("budget", "steps"), [(Budget(steps=4), 4), (Budget(steps=0), 0)])
def test_steps_are_a_limit(budget: Budget, steps: int) -> None:
    meter = Meter(budget)
    for number in range(steps):
        assert meter.reserve_step() == number + 1
    with pytest.raises(BudgetExhausted) as caught:
        meter.reserve_step()
    assert caught.value.limit == "steps"


def test_time_is_a_limit() -> None:
    now = [0.0]
    meter = Meter(Budget(seconds=5), clock=lambda: now[0])
    meter.reserve_step()
    now[0] = 5.0
    with pytest.raises(BudgetExhausted) as caught:
        meter.reserve_step()
    assert caught.value.limit == "seconds"


@pytest.mark.parametrize(
    ("budget", "output"),
    [
        (Budget(), 4000),
        (Budget(tokens=5000), 4000),
        (Budget(tokens=4999), 3999),
        (Budget(reasoning_tokens=700), 700),
        # 1,000 tokens of prompt cost 0.001, and each of output 0.000004.
        (Budget(cost=Decimal("0.017")), 4000),
        (Budget(cost=Decimal("0.016999")), 3999),
        (Budget(cost=Decimal("0.009")), 2000),
        (Budget(tokens=4000, cost=Decimal("0.009"), reasoning_tokens=1500), 1500),
    ],
)
def test_the_answer_is_lowered_to_what_each_limit_leaves(budget: Budget, output: int) -> None:
    assert reserve(Meter(budget), ask()).ask.output == output


@pytest.mark.parametrize(
    ("budget", "limit"),
    [
        (Budget(tokens=1000 + USEFUL - 1), "tokens"),
        (Budget(reasoning_tokens=USEFUL - 1), "reasoning_tokens"),
        (Budget(cost=Decimal("0.003")), "cost"),
        (Budget(cost=Decimal(0)), "cost"),
        (Budget(tokens=0), "tokens"),
    ],
)
def test_nothing_is_asked_where_too_little_is_left(budget: Budget, limit: str) -> None:
    meter = Meter(budget)
    with pytest.raises(BudgetExhausted) as caught:
        reserve(meter, ask())
    assert caught.value.limit == limit
    assert meter.exhausted
    assert meter.used.tokens == 0


def test_a_short_answer_needs_no_more_than_it_asks_for() -> None:
    assert reserve(Meter(Budget(tokens=1100)), ask(output=80, thinks=False)).ask.output == 80
    assert reserve(Meter(Budget(reasoning_tokens=0)), ask(thinks=False)).ask.output == 4000


def test_an_answer_without_a_limit_gets_one_where_the_budget_has_one() -> None:
    assert reserve(Meter(Budget()), ask(output=None)).ask.output is None
    assert reserve(Meter(Budget(tokens=9000)), ask(output=None)).ask.output == 8000


def test_reasoning_that_comes_on_top_of_the_limit_is_reserved_too() -> None:
    held = reserve(Meter(Budget(tokens=6000)), ask(on_top=3000))
    assert (held.ask.output, held.amounts.tokens) == (2000, 6000)


def test_peak_hours_are_reserved_for() -> None:
    dear = Price(currency="USD", date="2026-01-01", source="x", miss=1.0, output=4.0, peak=ALWAYS)
    assert (
        reserve(Meter(Budget(cost=Decimal("0.018"))), Ask(prompt=1000, output=None, price=dear)).ask.output
        == 2000
    )


def test_what_was_used_takes_the_place_of_what_was_reserved() -> None:
    meter = Meter(Budget(cost=Decimal("0.02")))
    held = reserve(meter, ask())
    meter.settle(held, Usage(prompt=900, cached=900, completion=100, reasoning=50), 0.0)
    assert meter.used.cost == Decimal("0.00049")
    assert (meter.used.tokens, meter.used.reasoning) == (1000, 50)


@pytest.mark.parametrize(
    ("usage", "cost", "tokens", "reasoning"),
    [
        (Usage(), "0.017", 5000, 4000),
        (Usage(prompt=900), "0.0169", 4900, 4000),
        (Usage(prompt=900, completion=100), "0.0013", 1000, 100),
        (Usage(completion=100), "0.0014", 1100, 100),
        (None, "0", 0, 0),
    ],
)
def test_what_nobody_said_counts_as_it_was_reserved(
    usage: Usage | None, cost: str, tokens: int, reasoning: int
) -> None:
    meter = Meter(Budget(cost=Decimal(1)))
    meter.settle(reserve(meter, ask()), usage, 0.0)
    used = meter.used
    assert (used.cost, used.tokens, used.reasoning) == (Decimal(cost), tokens, reasoning)


def test_unknown_usage_stays_unknown() -> None:
    meter = Meter(Budget())
    for usage in (Usage(prompt=3), Usage()):
        meter.settle(reserve(meter, ask()), usage, 0.0)
    assert meter.usage == Usage(prompt=3, completion=None)


def test_money_is_not_counted_in_another_currency_or_without_a_price() -> None:
    meter = Meter(Budget(cost=Decimal(1)))
    reserve(meter, ask())
    yuan = Price(currency="CNY", date="2026-01-01", source="x", miss=1.0, output=1.0)
    meter = Meter(Budget(cost=Decimal(1)))
    meter.settle(reserve(meter, ask()), Usage(), 0.0)
    for price in (yuan, None):
        with pytest.raises(BudgetExhausted):
            reserve(meter, Ask(prompt=1, output=1000, price=price))


def test_who_finds_all_reserved_waits_until_something_is_free() -> None:
    meter = Meter(Budget(tokens=10_000))
    first = reserve(meter, ask(output=9000))
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(reserve, meter, ask())
        assert not second.done()
        meter.settle(first, Usage(prompt=1000, completion=0), 0.0)
        assert second.result(timeout=60).ask.output == 4000


def test_who_waits_can_leave() -> None:
    meter, control = Meter(Budget(tokens=10_000)), Control()
    reserve(meter, ask(output=9000))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(meter.reserve, ask(), control)
        control.cancel()
        with pytest.raises(Cancelled):
            waiting.result(timeout=60)


def test_candidates_that_share_a_meter_never_take_more_steps_than_there_are() -> None:
    meter = Meter(Budget(steps=50))

    def work(_: int) -> int:
        taken = 0
        try:
            while True:
                meter.reserve_step()
                taken += 1
        except BudgetExhausted:
            return taken

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 50


LIMITS = st.builds(
    Budget,
    steps=st.none(),
    tokens=st.none() | st.integers(0, 50_000),
    reasoning_tokens=st.none() | st.integers(0, 20_000),
    cost=st.none() | st.decimals(0, "0.2", places=5),
)
PRICES = st.builds(
    Price,
    currency=st.just("USD"),
    date=st.just("2026-01-01"),
    source=st.just("x"),
    hit=st.none() | st.floats(0, 5),
    miss=st.floats(0, 5),
    output=st.floats(0, 20),
    peak=st.sampled_from([None, ALWAYS]),
)


class World:
    """Answers as servers do, and counts for itself what that costs at most."""

    def __init__(self, price: Price, seed: int) -> None:
        self.price = price
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.tokens = self.reasoning = 0
        self.cost = Decimal(0)

    def answer(self, held: Reservation) -> Usage | None:
        """What is told of an answer that used something else in truth, within the request's limits."""
        with self.lock:
            if self.random.random() < 0.1:
                return None
            prompt = self.random.randint(0, held.ask.prompt)
            completion = self.random.randint(0, (held.ask.output or 0) + held.ask.on_top)
            reasoning = self.random.randint(0, completion) if held.ask.thinks else 0
            cached = self.random.choice([None, self.random.randint(0, prompt)])
            self.tokens += prompt + completion
            self.reasoning += reasoning
            with localcontext(prec=60):
                # The dearest that the server may bill: no hits where it does not tell of them.
                bound = self.price.bound(prompt - (cached or 0), completion)
                self.cost += bound + self.price.bound(cached or 0, 0)
            told = self.random.random()
            if told < 0.2:
                return Usage()
            whole = Usage(prompt=prompt, cached=None, completion=completion, reasoning=reasoning)
            return Usage(prompt=prompt, completion=completion) if told < 0.5 else whole


@given(LIMITS, PRICES, st.integers(0, 2**32), st.tuples(st.integers(1, 4), st.sampled_from([0, 500])))
def test_whatever_servers_answer_and_whoever_asks_no_limit_is_exceeded(
    budget: Budget, price: Price, seed: int, shape: tuple[int, int]
) -> None:
    threads, on_top = shape
    meter, world = Meter(budget), World(price, seed)
    sizes = random.Random(seed + 1)
    asks = [
        Ask(
            prompt=sizes.randint(0, 4000),
            output=sizes.choice([None, sizes.randint(1, 6000)]),
            on_top=on_top,
            thinks=sizes.random() < 0.8,
            price=price,
        )
        for _ in range(24)
    ]

    def work(mine: list[Ask]) -> None:
        for one in mine:
            try:
                held = reserve(meter, one)
            except BudgetExhausted:
                continue
            meter.settle(held, world.answer(held), 0.0)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, [asks[row::threads] for row in range(threads)]))

    if budget.tokens is not None:
        assert world.tokens <= meter.used.tokens <= budget.tokens
    if budget.reasoning_tokens is not None:
        assert world.reasoning <= meter.used.reasoning <= budget.reasoning_tokens
    if budget.cost is not None:
        assert world.cost <= meter.used.cost <= budget.cost
