from __future__ import annotations

import threading

import pytest

from r1code.budget import Meter
from r1code.errors import BudgetExhausted
from r1code.types import Budget, Usage


def steps_taken(meter: Meter) -> int:
    taken = 0
    try:
        while taken < 100:
            meter.reserve_step()
            taken += 1
            meter.add(Usage(prompt=10, completion=5, reasoning=3))
    except BudgetExhausted:
        pass
    return taken


@pytest.mark.parametrize(
    ("budget", "steps"),
    [
        (Budget(steps=4), 4),
        (Budget(steps=0), 0),
        (Budget(steps=None, tokens=40), 3),
        (Budget(steps=None, tokens=0), 0),
        (Budget(steps=None, reasoning_tokens=7), 3),
        (Budget(steps=None), 100),
    ],
)
def test_each_limit_alone_ends_the_steps(budget: Budget, steps: int) -> None:
    assert steps_taken(Meter(budget)) == steps


def test_time_is_a_limit() -> None:
    now = [0.0]
    meter = Meter(Budget(seconds=5), clock=lambda: now[0])
    meter.reserve_step()
    now[0] = 5.0
    with pytest.raises(BudgetExhausted) as caught:
        meter.reserve_step()
    assert caught.value.limit == "seconds"


def test_unknown_usage_stays_unknown() -> None:
    meter = Meter(Budget())
    meter.add(Usage(prompt=3))
    meter.add(Usage())
    assert meter.usage == Usage(prompt=3, completion=None)


def test_candidates_that_share_a_meter_never_take_more_steps_than_there_are() -> None:
    meter = Meter(Budget(steps=50))
    taken: list[int] = []
    threads = [threading.Thread(target=lambda: taken.append(steps_taken(meter))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 50
