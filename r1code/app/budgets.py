"""The limits of a turn, from the configuration and the profile, and what they mean in money."""

from __future__ import annotations

from decimal import Decimal

from r1code.config import Config
from r1code.errors import UsageError
from r1code.profiles import Price, Profile
from r1code.types import Budget


def budget_of(config: Config, profile: Profile) -> Budget:
    return Budget(
        steps=profile.steps if config.steps is None else config.steps,
        tokens=config.tokens,
        reasoning_tokens=config.reasoning_tokens,
        seconds=config.seconds,
        # As it was written, not as the nearest binary fraction.
        cost=None if config.budget is None else Decimal(repr(config.budget)),
    )


def check_budget(config: Config, name: str, profile: Profile) -> None:
    """Raises UsageError for a budget in money where the price of the profile is not known."""
    if config.budget is not None and profile.price is None:
        raise UsageError(
            f"a budget in money cannot be kept with the profile {name!r}",
            why="its price is not known, and nothing is guessed",
            hint="limit --tokens instead, or name a price in a profile of your own (docs/profiles.md)",
        )


def told_bound(budget: Budget, profile: Profile) -> str | None:
    """What a turn can cost at most, as a sentence. None: the price is not known, or it costs nobody anything."""
    price = profile.price
    if price is None:
        return None
    bounds = [(budget.cost, "--budget"), (_bound_of(budget.tokens, price), "--tokens")]
    known = [(amount, flag) for amount, flag in bounds if amount is not None]
    if not known:
        return f"this costs money ({price.currency}), and nothing limits how much: --budget does"
    amount, flag = min(known)
    return f"this costs at most {amount.normalize():f} {price.currency} ({flag})"


def _bound_of(tokens: int | None, price: Price) -> Decimal | None:
    return None if tokens is None else max(price.bound(tokens, 0), price.bound(0, tokens))
