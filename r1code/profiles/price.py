"""What tokens cost: exact arithmetic, in which what is not known stays unknown."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal, localcontext
from typing import Annotated, Literal

from msgspec import Meta, Struct

from r1code.types import Usage

Amount = Annotated[float, Meta(ge=0)]
Hour = Annotated[int, Meta(ge=0, le=24)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MILLION = Decimal(1_000_000)
_DIGITS = 60
"""So that nothing is rounded: a bound that is off by a last digit is none."""


class Peak(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hours at which a price is multiplied. Public holidays are not known: they count as any other day."""

    factor: Annotated[float, Meta(ge=1)]
    utc_offset: Annotated[float, Meta(ge=-14, le=14)]
    """Hours that the clock of `hours` is ahead of UTC."""
    days: tuple[Day, ...]
    hours: tuple[tuple[Hour, Hour], ...]
    """From the first hour until before the second."""

    def holds(self, at: datetime) -> bool:
        """Whether `at`, a time with its zone, is one of these hours."""
        there = at.astimezone(timezone(timedelta(hours=self.utc_offset)))
        within = any(first <= there.hour < last for first, last in self.hours)
        return within and _DAYS[there.weekday()] in self.days


class Cost(Struct, frozen=True, kw_only=True):
    """Of one or several answers, in one currency. None: not known; it is never taken for nothing."""

    currency: str
    hit: Decimal | None = None
    """Prompt tokens from the server's cache."""
    miss: Decimal | None = None
    prompt: Decimal | None = None
    """Both together; known without them where both cost the same."""
    answer: Decimal | None = None
    reasoning: Decimal | None = None
    output: Decimal | None = None
    """Both together, which needs no knowledge of how they are divided."""
    total: Decimal | None = None
    at_most: Decimal | None = None
    """What it cannot have exceeded: the prompt as if nothing had been in the cache."""

    def __add__(self, other: Cost) -> Cost:
        """Raises ValueError for two currencies. What one side does not know, the sum does not know."""
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return Cost(
            currency=self.currency,
            hit=_plus(self.hit, other.hit),
            miss=_plus(self.miss, other.miss),
            prompt=_plus(self.prompt, other.prompt),
            answer=_plus(self.answer, other.answer),
            reasoning=_plus(self.reasoning, other.reasoning),
            output=_plus(self.output, other.output),
            total=_plus(self.total, other.total),
            at_most=_plus(self.at_most, other.at_most),
        )


class Price(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Per million tokens, on `date`, as `source` says."""

    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    date: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    source: str
    hit: Amount | None = None
    """Prompt tokens that were in the server's cache. None: not known."""
    miss: Amount
    output: Amount
    """Answer and reasoning."""
    peak: Peak | None = None
    """None: the price is the same at all hours."""

    def cost(self, usage: Usage, at: datetime) -> Cost:
        """Of an answer that was complete `at`, a time with its zone. Raises ValueError for one without."""
        if at.tzinfo is None:
            raise ValueError("a time without its zone does not say which price holds")
        with localcontext(prec=_DIGITS):
            return self._cost(usage, self._factor(peak=self.peak is not None and self.peak.holds(at)))

    def bound(self, prompt: int, output: int) -> Decimal:
        """What a request of `prompt` tokens, answered with `output` tokens, costs at most, at any hour."""
        with localcontext(prec=_DIGITS):
            tokens = prompt * _exact(self._dearest) + output * _exact(self.output)
            return tokens * self._factor(peak=True) / _MILLION

    def _cost(self, usage: Usage, factor: Decimal) -> Cost:
        hits, misses = _split(usage.prompt, usage.cached)
        reasons, answers = _split(usage.completion, usage.reasoning)
        hit = Decimal(0) if hits == 0 else _worth(hits, self.hit, factor)
        miss = _worth(misses, self.miss, factor)
        prompt = _plus(hit, miss)
        if prompt is None and self.hit == self.miss:
            prompt = _worth(usage.prompt, self.miss, factor)
        output = _worth(usage.completion, self.output, factor)
        return Cost(
            currency=self.currency,
            hit=hit,
            miss=miss,
            prompt=prompt,
            answer=_worth(answers, self.output, factor),
            reasoning=_worth(reasons, self.output, factor),
            output=output,
            total=_plus(prompt, output),
            at_most=_plus(_worth(usage.prompt, self._dearest, factor), output),
        )

    @property
    def _dearest(self) -> float:
        return max(self.miss, self.hit or 0.0)

    def _factor(self, *, peak: bool) -> Decimal:
        return _exact(self.peak.factor) if peak and self.peak is not None else Decimal(1)


def _exact(amount: float) -> Decimal:
    """As it was written in the profile, not as the nearest binary fraction."""
    return Decimal(repr(amount))


def _split(whole: int | None, part: int | None) -> tuple[int | None, int | None]:
    """The part and the rest; unknown where they do not make sense together."""
    if whole is None or part is None or not 0 <= part <= whole:
        return None, None
    return part, whole - part


def _worth(tokens: int | None, amount: float | None, factor: Decimal) -> Decimal | None:
    return None if tokens is None or amount is None else tokens * _exact(amount) * factor / _MILLION


def _plus(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    with localcontext(prec=_DIGITS):
        return None if left is None or right is None else left + right
