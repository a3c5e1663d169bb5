"""The account of a turn: every request is bounded, reserved and logged before it is sent, and settled after."""

from __future__ import annotations

import time
from collections.abc import Generator

from msgspec.structs import replace

from r1code.budget import USEFUL, Ask, Meter, Reservation
from r1code.control import Control
from r1code.dialects.base import Request
from r1code.errors import ProviderError
from r1code.ledger import charges_of, spent
from r1code.log import Asked, Entry, Used
from r1code.profiles import Profile
from r1code.providers.base import Again, Delta, Done, Lost, Provider
from r1code.session import Session
from r1code.size import size_bound
from r1code.types import Spent, Usage

_UNSAID = 8_192
"""Tokens of an answer where neither the profile nor anybody else knows what the server can give."""

_Held = tuple[Entry, Reservation]


class Account:
    """Of one session, against one meter. One step at a time."""

    def __init__(self, session: Session, meter: Meter) -> None:
        self._session = session
        self.meter = meter
        self._step = 0
        self._began = 0
        self._began_at = time.monotonic()

    def begin_step(self) -> int:
        """Takes a step and returns its number. Raises BudgetExhausted."""
        self._step, self._began = self.meter.reserve_step(), len(self._session.entries)
        self._began_at = time.monotonic()
        return self._step

    @property
    def seconds(self) -> float:
        """That this step has taken so far."""
        return time.monotonic() - self._began_at

    @property
    def spent(self) -> Spent:
        """By this step so far."""
        return spent(charges_of(self._session.entries, since=self._began))

    def gives_up(self, malformed: int) -> bool:
        """Whether so many malformed replies in a row are too many."""
        most = self.meter.budget.format_errors
        return most is not None and malformed > most

    def stream(
        self, provider: Provider, profile: Profile, request: Request, control: Control
    ) -> Generator[Delta | Done, None, None]:
        """What the provider streams for the request, whose limits are lowered to what the budget leaves.

        However it ends, each request that was sent is in the log, with what it used. Raises ProviderError,
        Cancelled, StateError, and BudgetExhausted: nothing was sent, or the budget cut the answer off.
        """
        first = self._reserved(profile, request, control, at_least=USEFUL)
        limited, lowered = self._lowered(request, first[1]), first[1].limit
        held: _Held | None = first
        begun = False
        try:
            for item in provider.stream(limited, control):
                if isinstance(item, Lost):
                    self._settle(held, item.usage)
                    held = None
                elif isinstance(item, Again):
                    # The request is what it is by now: it is sent whole or not at all.
                    held = self._reserved(profile, limited, control, at_least=limited.max_tokens or USEFUL)
                elif isinstance(item, Done):
                    self._settle(held, item.usage)
                    held = None
                    if item.finish == "length" and lowered is not None:
                        # Its end is not the model's: with a larger budget it is asked again, from the beginning.
                        raise self.meter.cut_off(lowered)
                    yield item
                else:
                    begun = True
                    yield item
        except ProviderError as error:
            self._settle(held, error.usage or (Usage() if begun else None))
            held = None
            raise
        finally:
            self._settle(held, Usage())

    def _reserved(self, profile: Profile, request: Request, control: Control, *, at_least: int) -> _Held:
        control.check()
        # Where neither a limit nor money asks for it, nothing is counted.
        ask = bound_of(profile, request, counted=self.meter.counts_tokens or profile.price is not None)
        if ask.output is None and self.meter.counts_tokens:
            ask = replace(ask, output=_UNSAID)
        held = self.meter.reserve(ask, control, at_least=at_least)
        is_bounded = ask.price is not None and held.ask.output is not None
        asked = Asked(
            profile=self._session.profile,
            step=self._step,
            price=profile.price,
            at_most=held.amounts.cost if is_bounded else None,
        )
        return self._session.append(asked), held

    def _lowered(self, request: Request, held: Reservation) -> Request:
        """The request within what is held for it."""
        output = held.ask.output
        if output is None or not self.meter.counts_tokens:
            return request
        # A server that closes the reasoning by itself does so in time for an answer.
        thinking = None if request.thinking is None else min(request.thinking, max(output - USEFUL, 1))
        return replace(request, max_tokens=output, thinking=thinking if held.limit else request.thinking)

    def _settle(self, held: _Held | None, usage: Usage | None) -> None:
        if held is not None:
            entry = self._session.append(Used(asked=held[0].id, usage=usage))
            self.meter.settle(held[1], usage, entry.time)


def bound_of(profile: Profile, request: Request, *, counted: bool) -> Ask:
    """What the request can use at most; with a prompt of 0 tokens where it need not be `counted`."""
    thinks = request.prompt is None and (profile.reasoning != "none" or bool(profile.thinking.efforts))
    prompt = size_bound(profile, request) if counted else 0
    output = request.max_tokens
    if output is None and counted:
        # A server that is asked for more than its window leaves refuses.
        room = None if profile.context_window is None else max(profile.context_window - prompt, 1)
        output = min(filter(None, (profile.max_output, room)), default=None)
    return Ask(
        prompt=prompt,
        output=output,
        on_top=profile.reasoning_on_top if thinks else 0,
        thinks=thinks,
        price=profile.price,
    )
