from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from r1code.app.budgets import budget_of, check_budget, told_bound
from r1code.config import Config
from r1code.errors import UsageError
from r1code.profiles import Price, find_profile
from r1code.types import Budget

USD = Price(currency="USD", date="2026-01-01", source="x", hit=0.1, miss=1.0, output=4.0)
CNY = replace(USD, currency="CNY")
FREE = find_profile("scripted")
PAID, DEARER, OTHER = (replace(FREE, price=price) for price in (USD, replace(USD, output=8.0), CNY))


def test_money_is_as_it_was_written() -> None:
    assert budget_of(Config(budget=0.1), FREE).cost == Decimal("0.1")
    assert budget_of(Config(), FREE) == Budget(steps=FREE.steps)
    assert budget_of(Config(steps=3, tokens=4, reasoning_tokens=5, seconds=6.0), FREE) == Budget(
        steps=3, tokens=4, reasoning_tokens=5, seconds=6.0
    )


def test_money_needs_one_price_in_one_currency() -> None:
    check_budget(Config(), {"free": FREE, "other": OTHER})
    check_budget(Config(budget=1.0), {"paid": PAID, "dearer": DEARER})
    with pytest.raises(UsageError, match="'free'"):
        check_budget(Config(budget=1.0), {"paid": PAID, "free": FREE})
    with pytest.raises(UsageError, match="paid in CNY and USD"):
        check_budget(Config(budget=1.0), {"paid": PAID, "other": OTHER})


def test_the_least_bound_is_told_before_anything_is_spent() -> None:
    assert told_bound(Budget(cost=Decimal("0.5")), [FREE]) is None
    assert told_bound(Budget(cost=Decimal("0.50")), [PAID]) == "this costs at most 0.5 USD (--budget)"
    both = Budget(cost=Decimal("0.5"), tokens=50_000)
    assert told_bound(both, [PAID]) == "this costs at most 0.2 USD (--tokens)"
    assert told_bound(both, [PAID, DEARER]) == "this costs at most 0.4 USD (--tokens)"
    assert "nothing limits how much" in str(told_bound(Budget(tokens=50_000), [PAID, OTHER]))
