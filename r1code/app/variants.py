"""In what the candidates of a repair differ."""

from __future__ import annotations

from typing import Literal

from r1code.config import Config
from r1code.profiles import Profile
from r1code.repair.variant import Variant

_WARMER = (0.0, 0.1, -0.1)
"""R1's model card asks for temperatures from 0.5 to 0.7; the profiles have 0.6."""
_APART = 100_003
_STEP = 1_009
_OTHER: dict[str, Literal["loop", "pipeline"]] = {"loop": "pipeline", "pipeline": "loop"}


def variants_of(config: Config, profile: Profile) -> tuple[Variant, ...]:
    """The first is what the profile says. The same for the same settings."""
    return tuple(_variant(number, config, profile) for number in range(1, config.candidates + 1))


def parallel_of(config: Config, profile: Profile) -> int:
    """How many candidates work at a time."""
    return min(config.parallel or profile.concurrency, config.candidates)


def _variant(number: int, config: Config, profile: Profile) -> Variant:
    warm = profile.sampling.temperature
    if warm is not None and config.candidates > 1:
        warm = round(min(max(warm + _WARMER[(number - 1) % len(_WARMER)], 0.0), 2.0), 2)
    return Variant(
        number=number,
        # Candidates never meet the same seed, however many questions each one asks.
        seed=None if config.seed is None else config.seed * _APART + number * _STEP,
        temperature=warm if config.candidates > 1 else None,
        strategy=_strategy(number, config, profile),
    )


def _strategy(number: int, config: Config, profile: Profile) -> Literal["loop", "pipeline"] | None:
    """What was asked for; else every second candidate has another one, where the model may be good at both."""
    wanted = config.strategy
    if wanted is None and (config.candidates == 1 or profile.infill is not None):
        # A model that fills holes is one that cannot do two steps that belong together (docs/plan.md).
        return None
    if wanted is None or wanted == "mixed":
        return profile.strategy if number % 2 else _OTHER[profile.strategy]
    return wanted
