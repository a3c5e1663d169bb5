"""What a run will send, before it sends anything: requests, tokens, and whether they fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from r1code.errors import UsageError
from r1code.profiles import Profile
from r1code.serving.bench.result import Goal, Served
from r1code.serving.bench.workload import Session, Workload, messages_of, prefix_of, sessions_of

Counter = Callable[[str], int]
_TEMPLATE = 8
"""Tokens that a chat template puts around a message, at most."""


class Limits(Struct, frozen=True, kw_only=True):
    requests: int = 5_000
    seconds: float = 3_600.0
    turn_seconds: float = 600.0


class Plan(Struct, frozen=True, kw_only=True):
    served: Served
    profile: Profile
    workload: Workload
    concurrency: tuple[int, ...]
    goal: Goal
    limits: Limits
    salt: str = ""
    """Keeps the server's prefix cache apart from that of earlier runs, where it can (vLLM's cache_salt)."""


class Amount(Struct, frozen=True, kw_only=True):
    """What a level sends, and at most gets. In tokens as the profile counts them."""

    concurrency: int
    sessions: int
    requests: int
    prompt: int
    """Of all prompts."""
    shareable: int
    """Of these, what an earlier prompt of the level began with: what a prefix cache can save at best."""
    output: int
    pauses: float
    longest: int
    """The largest prompt with its answer."""


def amount_of(plan: Plan, concurrency: int, count: Counter) -> Amount:
    prefix = count(prefix_of(plan.workload)) + 2 * _TEMPLATE
    sessions = list(sessions_of(plan.workload, concurrency))
    prompt = shareable = longest = 0
    for session in sessions:
        before, history = prefix, prefix
        for turn in session.turns:
            history += count(turn.said) + _TEMPLATE
            prompt += history
            shareable += before
            longest = max(longest, history + turn.output)
            before = history
            history += count(turn.kept) + _TEMPLATE
    turns = [turn for session in sessions for turn in session.turns]
    return Amount(
        concurrency=concurrency,
        sessions=len(sessions),
        requests=len(turns),
        prompt=prompt,
        shareable=shareable,
        output=sum(turn.output for turn in turns),
        pauses=sum(turn.pause for turn in turns),
        longest=longest,
    )


def check(plan: Plan, amounts: Sequence[Amount]) -> None:
    """Raises UsageError where it cannot be done."""
    longest, window = max(one.longest for one in amounts), plan.served.window
    if window is not None and longest > window:
        raise UsageError(
            "the longest turn does not fit into the context window",
            why=f"it has about {longest:,} tokens with its answer, and {plan.served.model} takes {window:,}",
            hint="fewer --turns, or smaller --prefix-tokens, --observation-tokens or --output-most",
        )
    requests = sum(one.requests for one in amounts)
    if requests > plan.limits.requests:
        raise UsageError(
            f"that would be {requests:,} requests",
            why=f"--max-requests allows {plan.limits.requests:,}",
            hint="fewer --concurrency, --rounds or --turns, or a larger --max-requests",
        )


def body_of(plan: Plan, prefix: str, session: Session, at: int) -> bytes:
    """The request of one turn."""
    profile, turn = plan.profile, session.turns[at]
    sampling = profile.sampling
    body: dict[str, Any] = {
        "model": plan.served.model,
        "messages": messages_of(prefix, session.turns[: at + 1], system=profile.system),
        "stream": True,
        "stream_options": {"include_usage": True},
        profile.max_tokens_field: turn.output,
    }
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    body |= profile.body
    if profile.session_field is not None:
        body[profile.session_field] = session_name(plan, session)
    if plan.served.exact:
        body |= {"min_tokens": turn.output, "ignore_eos": True}
    if plan.salt:
        body["cache_salt"] = plan.salt
    return msgspec.json.encode(body)


def session_name(plan: Plan, session: Session) -> str:
    return f"bench-{plan.workload.seed}-{session.id}"
