"""A ChatProvider on a FakeServer, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from fakes.server import FakeServer
from r1code.control import Control
from r1code.dialects.base import ChatMessage, Request
from r1code.errors import ProviderError
from r1code.profiles import Profile, Timers, find_profile
from r1code.providers.base import Again, Delta, Done, Lost
from r1code.providers.chat import ChatProvider
from r1code.providers.retry import Backoff

REQUEST = Request(messages=(ChatMessage(role="user", content="Hi"),))
QUICK = Backoff(tries=5, first_seconds=0.001, most_seconds=0.002, most_asked_seconds=0.2)
KEY = "sk-secret-0123456789"


def profile_at(url: str, **changes: Any) -> Profile:
    return replace(find_profile("openai-compatible", base_url=url, model="m"), **changes)


@contextmanager
def provider(
    url: str, key: str | None = None, *, backoff: Backoff = QUICK, said: list[str] | None = None, **changes: Any
) -> Iterator[ChatProvider]:
    """`changes` are those of the profile."""
    texts: list[str] = [] if said is None else said
    made = ChatProvider(profile_at(url, **changes), key, lambda: "session-1", say=texts.append, backoff=backoff)
    try:
        yield made
    finally:
        made.close()


def ask(server: FakeServer, key: str | None = None, **more: Any) -> tuple[list[Delta], Done]:
    """The deltas and the Done of one request."""
    with provider(server.url, key, **more) as made:
        *deltas, done = made.stream(REQUEST, Control())
    assert isinstance(done, Done)
    assert all(isinstance(delta, Delta | Lost | Again) for delta in deltas)
    return [delta for delta in deltas if isinstance(delta, Delta)], done


def texts(deltas: list[Delta]) -> tuple[str, str]:
    """All reasoning and all content."""
    reasoning = "".join(delta.text for delta in deltas if delta.field == "reasoning")
    return reasoning, "".join(delta.text for delta in deltas if delta.field == "content")


def failure(server: FakeServer, key: str | None = None, **more: Any) -> ProviderError:
    """How a request fails."""
    try:
        ask(server, key, **more)
    except ProviderError as error:
        return error
    raise AssertionError("the request did not fail")


def timers(first_byte: float = 30, idle: float = 30, progress: float = 30) -> Timers:
    return Timers(first_byte_seconds=first_byte, idle_seconds=idle, progress_seconds=progress)
