"""The account of a turn: every request is bounded, reserved and logged before it is sent, and settled after."""

from __future__ import annotations

from collections.abc import Generator

import msgspec
from msgspec.structs import replace

from r1code.budget import USEFUL, Ask, Meter, Reservation
from r1code.control import Control
from r1code.dialects.base import ChatMessage, Request
from r1code.errors import ProviderError
from r1code.ledger import charges_of, spent
from r1code.profiles import Profile
from r1code.profiles.template import rendered
from r1code.profiles.tokenizers import tokenizer_of
from r1code.providers.base import Again, Delta, Done, Lost, Provider
from r1code.session import Asked, Entry, Session, Used
from r1code.types import Spent, Usage

_START = 8
"""Tokens that a server may put before a prompt that is known."""
_MESSAGE = 16
"""Tokens around a message where the template is not known."""
_FUNCTIONS = 1.5
"""How much longer functions may be in the prompt than in the request: servers write them out, each in its way."""

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

    def begin_step(self) -> int:
        """Takes a step and returns its number. Raises BudgetExhausted."""
        self._step, self._began = self.meter.reserve_step(), len(self._session.entries)
        return self._step

    @property
    def spent(self) -> Spent:
        """By this step so far."""
        return spent(charges_of(self._session.entries, since=self._began))

    def stream(
        self, provider: Provider, profile: Profile, request: Request, control: Control
    ) -> Generator[Delta | Done, None, None]:
        """What the provider streams for the request, whose `max_tokens` is lowered to what the budget leaves.

        However it ends, each request that was sent is in the log, with what it used. Raises ProviderError,
        Cancelled, BudgetExhausted (then nothing was sent) and StateError.
        """
        first = self._reserved(profile, bound_of(profile, request, counted=self._counts), control)
        limit = first[1].ask.output
        request = replace(request, max_tokens=limit)
        held: _Held | None = first
        begun = False
        try:
            for item in provider.stream(request, control):
                if isinstance(item, Lost):
                    self._settle(held, item.usage)
                    held = None
                elif isinstance(item, Again):
                    # The request is what it is by now: it is sent whole or not at all.
                    bound = bound_of(profile, request, counted=self._counts)
                    held = self._reserved(profile, bound, control, at_least=limit)
                else:
                    begun = True
                    if isinstance(item, Done):
                        self._settle(held, item.usage)
                        held = None
                    yield item
        except ProviderError as error:
            self._settle(held, error.usage or (Usage() if begun else None))
            held = None
            raise
        finally:
            self._settle(held, Usage())

    @property
    def _counts(self) -> bool:
        return self.meter.counts_tokens

    def _reserved(self, profile: Profile, ask: Ask, control: Control, *, at_least: int | None = None) -> _Held:
        control.check()
        held = self.meter.reserve(ask, control, at_least=USEFUL if at_least is None else at_least)
        is_bounded = ask.price is not None and self._counts and held.ask.output is not None
        asked = Asked(
            profile=self._session.profile,
            step=self._step,
            price=profile.price,
            at_most=held.amounts.cost if is_bounded else None,
        )
        return self._session.append(asked), held

    def _settle(self, held: _Held | None, usage: Usage | None) -> None:
        if held is not None:
            entry = self._session.append(Used(asked=held[0].id, usage=usage))
            self.meter.settle(held[1], usage, entry.time)


def bound_of(profile: Profile, request: Request, *, counted: bool = True) -> Ask:
    """What the request can use at most; with a prompt of 0 tokens where it need not be `counted`."""
    thinks = request.prompt is None and (profile.reasoning != "none" or bool(profile.thinking.efforts))
    prompt = prompt_tokens(profile, request) if counted else 0
    output = request.max_tokens
    if output is None and counted:
        # A server that is asked for more than its window leaves refuses.
        room = None if profile.context_window is None else max(profile.context_window - prompt, 1)
        output = min(filter(None, (profile.max_output, room)), default=_UNSAID)
    return Ask(
        prompt=prompt,
        output=output,
        on_top=profile.reasoning_on_top if thinks else 0,
        thinks=thinks,
        price=profile.price,
    )


def prompt_tokens(profile: Profile, request: Request) -> int:
    """How many tokens the server reads at most: near where the tokenizer is the model's own, safe elsewhere."""
    tokenizer = tokenizer_of(profile)
    if request.prompt is not None:
        return tokenizer.count(request.prompt) + _START
    plain = not request.functions and all(_is_plain(message) for message in request.messages)
    if plain and profile.template is not None:
        text = rendered(profile, [(message.role, message.content) for message in request.messages])
        return tokenizer.count(text or "") + _START
    texts = [message.content if _is_plain(message) else _json(message) for message in request.messages]
    functions = tokenizer.count(_json(request.functions)) if request.functions else 0
    return sum(map(tokenizer.count, texts)) + _MESSAGE * (len(texts) + 1) + int(functions * _FUNCTIONS)


def _is_plain(message: ChatMessage) -> bool:
    return not message.tool_calls and message.reasoning_content is None and message.role != "tool"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
