"""One meter that counts against one budget. A step reserves before it calls, and so does every request in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal, localcontext

from msgspec import Struct
from msgspec.structs import replace

from r1code.control import POLL_SECONDS, Control
from r1code.errors import BudgetExhausted
from r1code.profiles.price import Price
from r1code.types import Budget, Limit, Usage

USEFUL = 512
"""Tokens of an answer: where a budget leaves less, nothing is asked any more."""
_DIGITS = 60
_NAMES: dict[Limit, str] = {"reasoning_tokens": "reasoning tokens"}


class Ask(Struct, frozen=True, kw_only=True):
    """What a request can use at most."""

    prompt: int
    """Tokens."""
    output: int | None
    """Tokens of answer and reasoning together, as the request limits them. None: it does not."""
    on_top: int = 0
    """Tokens of reasoning that may come beyond that limit."""
    thinks: bool = True
    """False: none of it is reasoning."""
    price: Price | None = None


class Amounts(Struct, frozen=True, kw_only=True):
    tokens: int = 0
    reasoning: int = 0
    cost: Decimal = Decimal(0)

    def plus(self, other: Amounts, sign: int = 1) -> Amounts:
        with localcontext(prec=_DIGITS):
            return Amounts(
                tokens=self.tokens + sign * other.tokens,
                reasoning=self.reasoning + sign * other.reasoning,
                cost=self.cost + sign * other.cost,
            )


class Reservation(Struct, frozen=True, kw_only=True):
    """What is held for a request until it is settled. `ask.output` is what the request may say as its limit."""

    ask: Ask
    amounts: Amounts
    limit: Limit | None = None
    """Of the budget, which made the output shorter than was asked. None: none did."""


class Meter:
    """Thread-safe: candidates share one. What is used and what is reserved is never more than the budget.

    That holds as far as a server keeps to the limit of a request and a prompt has no more tokens than were
    counted.
    """

    def __init__(self, budget: Budget, clock: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self._clock = clock
        self._started = clock()
        self._changed = threading.Condition()
        self._steps = 0
        self._share: int | None = None
        self._usage = Usage()
        self._used = Amounts()
        self._held = Amounts()
        self._is_over = False
        self._currency: str | None = None

    @property
    def seconds(self) -> float:
        return self._clock() - self._started

    @property
    def seconds_left(self) -> float | None:
        """None: no limit."""
        return None if self.budget.seconds is None else self.budget.seconds - self.seconds

    @property
    def usage(self) -> Usage:
        """All that was used so far, as far as the provider said."""
        return self._usage

    @property
    def used(self) -> Amounts:
        """What counts as used: where the provider did not say, what was reserved."""
        return self._used

    @property
    def steps(self) -> int:
        return self._steps

    @property
    def counts_tokens(self) -> bool:
        """Whether a limit needs to know how large a request is."""
        limits = (self.budget.tokens, self.budget.reasoning_tokens, self.budget.cost)
        return any(limit is not None for limit in limits)

    def share(self, part: int, parts: int) -> None:
        """Allows no more steps, those already taken included, than `part` of `parts` equal shares."""
        if self.budget.steps is not None:
            self._share = -(-self.budget.steps * part // parts)

    def reserve_step(self) -> int:
        """Takes one step and returns its number, from 1. Raises BudgetExhausted when a limit is reached."""
        with self._changed:
            self._check_all()
            self._check("steps", self._share, self._steps, "steps for this candidate")
            self._steps += 1
            return self._steps

    def reserve(self, ask: Ask, control: Control, *, at_least: int = USEFUL) -> Reservation:
        """Holds what the request can use at most, with its output lowered to what is left.

        Waits while others hold what it needs. Raises BudgetExhausted where there is not enough for an output of
        `at_least` tokens (or of what was asked, if that is less), and Cancelled.
        """
        needed = ask.on_top + (at_least if ask.output is None else min(at_least, ask.output))
        with self._changed:
            if ask.price is not None:
                self._currency = self._currency or ask.price.currency
            while True:
                limit, room = self._room(ask, self._used.plus(self._held))
                if room is None or room >= needed:
                    return self._hold(ask, limit, room)
                if limit is not None and self._held == Amounts():
                    self._is_over = True
                    raise self._too_little(limit, ask)
                self._changed.wait(POLL_SECONDS)
                control.check()

    def settle(self, held: Reservation, usage: Usage | None, at: float) -> None:
        """Replaces what was held by what the request used, complete `at` seconds since the epoch.

        What the provider did not say counts as it was held. None: the request used nothing.
        """
        with self._changed:
            self._held = self._held.plus(held.amounts, -1)
            if usage is not None:
                self._usage += usage
                self._used = self._used.plus(_worst(held, usage, at))
            self._changed.notify_all()

    @property
    def exhausted(self) -> bool:
        """Whether no step could be reserved, in any share, or the last one got nothing for its request."""
        with self._changed:
            try:
                self._check_all()
            except BudgetExhausted:
                return True
            return self._is_over

    def _room(self, ask: Ask, gone: Amounts) -> tuple[Limit | None, int | None]:
        """The limit that leaves the least for the output, and how many tokens that are; None: no limit."""
        budget = self.budget
        rooms: list[tuple[int, Limit]] = []
        if budget.tokens is not None:
            rooms.append((budget.tokens - gone.tokens - ask.prompt, "tokens"))
        if budget.reasoning_tokens is not None and ask.thinks:
            rooms.append((budget.reasoning_tokens - gone.reasoning, "reasoning_tokens"))
        if budget.cost is not None:
            room = self._affordable(ask, budget.cost, gone.cost)
            if room is not None:
                rooms.append((room, "cost"))
        room, limit = min(rooms, default=(None, None))
        return limit, room

    def _affordable(self, ask: Ask, allowed: Decimal, gone: Decimal) -> int | None:
        """How many tokens of output the rest pays for; negative: none. None: any number."""
        if ask.price is None or self._currency != ask.price.currency:
            # What cannot be counted cannot be kept within a limit.
            return -1
        with localcontext(prec=_DIGITS):
            return _affordable(ask.price, ask.prompt, allowed - gone)

    def _hold(self, ask: Ask, limit: Limit | None, room: int | None) -> Reservation:
        wanted = None if ask.output is None else ask.output + ask.on_top
        most = wanted if room is None else room if wanted is None else min(room, wanted)
        lowered = Ask(
            prompt=ask.prompt,
            output=None if most is None else most - ask.on_top,
            on_top=ask.on_top,
            thinks=ask.thinks,
            price=ask.price,
        )
        is_lowered = most is not None and most != wanted
        held = Reservation(
            ask=lowered,
            amounts=_amounts(lowered, ask.prompt, most or 0),
            limit=limit if is_lowered else None,
        )
        self._held = self._held.plus(held.amounts)
        return held

    def cut_off(self, limit: Limit) -> BudgetExhausted:
        """That an answer came to its limit, which was lowered for `limit`."""
        with self._changed:
            self._is_over = True
        return BudgetExhausted(
            limit, f"an answer was cut off and dropped: the budget of {self._allowed(limit)} let it be no longer"
        )

    def late(self) -> BudgetExhausted:
        """That the time is over."""
        return BudgetExhausted("seconds", f"the budget of {self._allowed('seconds')} is used up")

    def _too_little(self, limit: Limit, ask: Ask) -> BudgetExhausted:
        what = self._allowed(limit)
        return BudgetExhausted(
            limit,
            f"what is left of the budget of {what} is too little for another answer to {ask.prompt:,} tokens",
        )

    def _allowed(self, limit: Limit, named: str = "") -> str:
        allowed = getattr(self.budget, limit)
        if limit == "cost":
            return f"{allowed.normalize():f} {self._currency or 'in money'}"
        return f"{allowed:g} {named or _NAMES.get(limit, limit)}"

    def _check_all(self) -> None:
        self._check("steps", self.budget.steps, self._steps)
        self._check("seconds", self.budget.seconds, self.seconds)
        self._check("tokens", self.budget.tokens, self._used.tokens)
        self._check("reasoning_tokens", self.budget.reasoning_tokens, self._used.reasoning)
        self._check("cost", self.budget.cost, self._used.cost)

    def _check(
        self, limit: Limit, allowed: float | Decimal | None, used: float | Decimal, named: str = ""
    ) -> None:
        if allowed is not None and used >= allowed:
            what = f"{allowed:g} {named}" if named else self._allowed(limit)
            raise BudgetExhausted(limit, f"the budget of {what} is used up")


class Share(Meter):
    """A part of another meter: steps of its own, and what is used through it is known of it alone.

    Everything else, and the time, is the whole's.
    """

    def __init__(self, whole: Meter, steps: int | None) -> None:
        super().__init__(replace(whole.budget, steps=steps))
        self._whole = whole

    @property
    def seconds(self) -> float:
        return self._whole.seconds

    def reserve_step(self) -> int:
        step = super().reserve_step()
        self._whole.reserve_step()
        return step

    def reserve(self, ask: Ask, control: Control, *, at_least: int = USEFUL) -> Reservation:
        return self._whole.reserve(ask, control, at_least=at_least)

    def settle(self, held: Reservation, usage: Usage | None, at: float) -> None:
        self._whole.settle(held, usage, at)
        if usage is not None:
            with self._changed:
                self._usage += usage

    def cut_off(self, limit: Limit) -> BudgetExhausted:
        return self._whole.cut_off(limit)

    @property
    def exhausted(self) -> bool:
        return super().exhausted or self._whole.exhausted


def _amounts(ask: Ask, prompt: int, output: int, reasoning: int | None = None) -> Amounts:
    return Amounts(
        tokens=prompt + output,
        reasoning=(output if reasoning is None else reasoning) if ask.thinks else 0,
        cost=Decimal(0) if ask.price is None else ask.price.bound(prompt, output),
    )


def _worst(held: Reservation, usage: Usage, at: float) -> Amounts:
    """What a request used at most, by what the provider said."""
    ask = held.ask
    prompt = ask.prompt if usage.prompt is None else usage.prompt
    output = (ask.output or 0) + ask.on_top if usage.completion is None else usage.completion
    found = _amounts(ask, prompt, output, usage.reasoning)
    if ask.price is None:
        return found
    known = ask.price.cost(usage, datetime.fromtimestamp(at, UTC))
    cost = found.cost if known.at_most is None else known.at_most
    return Amounts(
        tokens=found.tokens, reasoning=found.reasoning, cost=cost if known.total is None else known.total
    )


def _affordable(price: Price, prompt: int, left: Decimal) -> int | None:
    """How many tokens of output `left` pays for after the prompt; negative: not even that. None: any number."""
    rest, one = left - price.bound(prompt, 0), price.bound(0, 1)
    if rest < 0:
        return -1
    if one == 0:
        return None
    tokens = int((rest / one).to_integral_value(ROUND_FLOOR))
    # A quotient is rounded, a bound is not.
    return tokens if price.bound(prompt, tokens) <= left else tokens - 1
