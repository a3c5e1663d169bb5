"""One request to the chat, through the provider that sessions use, and what it showed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from r1code.app.checkup.evidence import BUDGET, Talk, Trouble
from r1code.app.checkup.tap import Tap
from r1code.control import Control
from r1code.dialects.base import ChatMessage, Function, Request
from r1code.errors import ProviderError
from r1code.profiles import Profile
from r1code.profiles.tokenizers import tokenizer_named
from r1code.providers.base import Delta, Done
from r1code.providers.chat import ChatProvider
from r1code.providers.retry import Backoff

SYSTEM, ONE, TWO = "Be brief. Codeword: umbra.", "Codeword: lumen.", "Codeword: flint. Say ok."
THOUGHT, SAID = "Codeword: brume.", "Codeword: ember."
"""Of a reply that was given before."""
NO_LIMIT = 100_000_000
"""More than any server gives: the refusal says what it does give."""
_TEMPLATE_TOKENS = 40
_CUT_TOKENS = 64
"""What a server may have written by the time that it sees us hang up."""
NOTE = Function(
    name="note",
    description="Writes down a short text.",
    parameters={"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
)


class Ask(Struct, frozen=True, kw_only=True):
    """A request, and what is sent beside it."""

    request: Request
    extra: Mapping[str, Any] = {}
    pieces: int | None = None
    """After so many the connection is closed."""


class Asks(Struct, frozen=True, kw_only=True):
    """All that may be asked."""

    first: Ask
    again: Ask
    limits: Ask
    roles: Ask
    system_alone: Ask
    budgeted: Ask
    continued: Ask
    called: Ask


def asks(profile: Profile) -> Asks:
    """Their prompt is new each time, so that no cache knows it."""
    fresh = f"List {secrets.token_hex(4)}: " + " ".join(f"item {number}" for number in range(130))
    sum_of = ChatMessage(role="user", content=f"{fresh}\n\nHow much is 17 times 3? Answer with the number alone.")
    system, one, two = (
        ChatMessage(role="system", content=SYSTEM),
        ChatMessage(role="user", content=ONE),
        ChatMessage(role="user", content=TWO),
    )
    begun = ChatMessage(role="assistant", content="<think>\nOne, two,")
    noted = ChatMessage(role="user", content='Call the function note with the text "a b".')
    go_on = {"continue_final_message": True, "add_generation_prompt": False}

    def ask(most: int, *messages: ChatMessage, extra: Mapping[str, Any] | None = None) -> Ask:
        sampling = profile.sampling
        request = Request(
            messages=messages, max_tokens=most, temperature=sampling.temperature, top_p=sampling.top_p
        )
        return Ask(request=request, extra=extra or {})

    called = ask(512, noted)
    return Asks(
        first=ask(512, sum_of),
        again=ask(16, sum_of),
        limits=replace(ask(NO_LIMIT, two), pieces=1),
        roles=ask(16, system, one, two),
        system_alone=ask(16, system, two),
        budgeted=ask(4 * BUDGET, sum_of, extra={"thinking_token_budget": BUDGET}),
        continued=ask(8, two, begun, extra=go_on),
        called=replace(called, request=replace(called.request, functions=(NOTE,))),
    )


def bound(planned: list[Ask]) -> tuple[int, int]:
    """Tokens of the prompts and of the answers, at most."""
    count = tokenizer_named("unknown").count
    prompts = sum(
        _TEMPLATE_TOKENS + sum(count(message.content) for message in one.request.messages) for one in planned
    )
    return prompts, sum(_CUT_TOKENS if one.pieces else one.request.max_tokens or 0 for one in planned)


def talk(ask: Ask, profile: Profile, key: str | None, control: Control) -> Talk:
    """Raises Cancelled."""
    tap = Tap()
    asked = replace(profile, extra_body={**profile.extra_body, **ask.extra})
    provider = ChatProvider(asked, key, lambda: "doctor", backoff=Backoff(tries=1), tap=tap)
    texts = {"content": "", "reasoning": "", "call": ""}
    name, done, pieces = "", Done(finish="unknown"), 0
    stream = provider.stream(ask.request, control)
    try:
        for item in stream:
            if isinstance(item, Done):
                done = item
            if not isinstance(item, Delta):
                continue
            texts[item.field] += item.text
            name, pieces = name or _name(item), pieces + 1
            if pieces == ask.pieces:
                break
    except ProviderError as error:
        return Talk(trouble=Trouble(what=error.what, why=error.why, hint=error.hint))
    finally:
        provider.close()
    return Talk(
        fields=tuple(tap.fields),
        reasoning=texts["reasoning"],
        content=texts["content"],
        call=f"{name} {texts['call']}" if name or texts["call"] else None,
        finish=done.finish,
        prompt=done.usage.prompt,
        cached=done.usage.cached,
        completion=done.usage.completion,
        reasoned=tap.reasoned,
        deltas=tap.deltas,
        reads=tap.reads,
        comments=tap.comments,
        first_seconds=None if tap.first is None else tap.first - tap.started,
        seconds=tap.seconds,
        silence_seconds=tap.silence,
    )


def _name(item: Delta) -> str:
    return item.name if item.field == "call" else ""
