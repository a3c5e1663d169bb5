"""The limits of a turn, from the configuration and the profile, and what they mean in money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from r1code.config import Config
from r1code.errors import UsageError
from r1code.log import Resumed
from r1code.profiles import Price, Profile
from r1code.session import Session
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


def check_budget(config: Config, profiles: Mapping[str, Profile]) -> None:
    """Raises UsageError for a budget in money where the price of one of the profiles, by name, is not known."""
    if config.budget is None:
        return
    for name, profile in profiles.items():
        if profile.price is None:
            raise UsageError(
                f"a budget in money cannot be kept with the profile {name!r}",
                why="its price is not known, and nothing is guessed",
                hint="limit --tokens instead, or name a price in a profile of your own (docs/profiles.md)",
            )
    currencies = sorted({profile.price.currency for profile in profiles.values() if profile.price is not None})
    if len(currencies) > 1:
        raise UsageError(
            "a budget in money is in one currency",
            why=f"the two roles are paid in {' and '.join(currencies)}, and nothing is converted",
            hint="limit --tokens instead, or choose profiles with the same currency",
        )


def told_bound(budget: Budget, profiles: Iterable[Profile]) -> str | None:
    """What a turn can cost at most, as a sentence. None: no price is known, or it costs nobody anything."""
    prices = [profile.price for profile in profiles if profile.price is not None]
    currencies = sorted({price.currency for price in prices})
    if not currencies:
        return None
    named = " and ".join(currencies)
    bounds: list[tuple[Decimal, str]] = [] if budget.cost is None else [(budget.cost, "--budget")]
    if budget.tokens is not None and len(currencies) == 1:
        bounds.append((max(_bound_of(budget.tokens, price) for price in prices), "--tokens"))
    if not bounds:
        return f"this costs money ({named}), and nothing limits how much: --budget does"
    amount, flag = min(bounds)
    return f"this costs at most {amount.normalize():f} {named} ({flag})"


def _bound_of(tokens: int, price: Price) -> Decimal:
    return max(price.bound(tokens, 0), price.bound(0, tokens))


def replayed_budget(budget: Budget, session: Session) -> Budget:
    """Of a session that is done again: what came of the other limits is in its log."""
    # Resumed steps are as many as they are.
    resumed = any(isinstance(entry.item, Resumed) for entry in session.entries)
    return Budget(steps=None if resumed else budget.steps)
