"""How many tokens a request has before its answer."""

from __future__ import annotations

import math

import msgspec

from r1code.dialects.base import Request
from r1code.profiles import Profile
from r1code.profiles.template import rendered
from r1code.profiles.tokenizers import tokenizer_of

_START = 8
"""Tokens that a server may put before a prompt that is known."""
_FRAME = 8
"""Tokens around a message, where the template is not known."""


def size(profile: Profile, request: Request) -> int:
    """The prompt's tokens as the profile's model counts them; never too few by more than a template's words.

    Exact where the profile knows tokenizer and template.
    """
    measure = tokenizer_of(profile).count
    if request.prompt is not None:
        return measure(request.prompt)
    if _is_plain(request):
        text = rendered(profile, [(message.role, message.content) for message in request.messages])
        if text is not None:
            return measure(text)
    return _FRAME * len(request.messages) + measure(msgspec.json.encode(_sent(request)).decode())


def size_at_most(request: Request) -> int:
    """More than `size` says, whoever counts, without a vocabulary: a token has a byte at least."""
    texts = sum(len(message.content.encode()) for message in request.messages)
    rest = len(msgspec.json.encode(_sent(request)))
    return math.ceil(1.25 * (max(texts, rest) + _FRAME * 4 * len(request.messages)))


def size_bound(profile: Profile, request: Request) -> int:
    """The most tokens that a server can make of the request; what a bound in money is computed from."""
    counted = size(profile, request)
    if request.prompt is not None or (profile.template is not None and _is_plain(request)):
        return counted + _START
    functions = tokenizer_of(profile).count(msgspec.json.encode(request.functions).decode())
    # Servers write functions out in the prompt, each in its way.
    return counted + _FRAME * (len(request.messages) + 2) + (functions // 2 if request.functions else 0)


def _is_plain(request: Request) -> bool:
    """Whether a template that knows no tools says all of it."""
    return not request.functions and all(
        message.role != "tool" and not message.tool_calls and message.reasoning_content is None
        for message in request.messages
    )


def _sent(request: Request) -> object:
    """What the server makes its prompt of."""
    return request.messages, request.functions
