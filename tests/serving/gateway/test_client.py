"""r1code itself, as a client of the gateway: what it is told, it understands."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from fakes.answers import chunk
from fakes.chat import REQUEST, provider
from fakes.gateway import Gateway
from fakes.server import CUT, Answer, Reply
from r1code.control import Control
from r1code.errors import ProviderError
from r1code.providers.base import Delta, Done
from r1code.providers.failures import ServerError
from r1code.providers.retry import Backoff

pytestmark = pytest.mark.timeout(300)
ONCE = Backoff(tries=1)


@pytest.fixture(autouse=True)
def trusted(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(gateway.certificate))


def asked(gateway: Gateway, key: str) -> list[object]:
    with provider(f"{gateway.url}/v1", key, backoff=ONCE, session_header="X-Session-Id") as made:
        return list(made.stream(REQUEST, Control()))


def failure(gateway: Gateway, key: str) -> ServerError:
    with pytest.raises(ProviderError) as caught:
        asked(gateway, key)
    # Where it was tried often enough, the server's own error is what this one came of.
    error = caught.value if isinstance(caught.value, ServerError) else caught.value.__cause__
    assert isinstance(error, ServerError)
    return error


def test_reasoning_answer_and_usage_arrive(gateway: Gateway, key: str) -> None:
    for one in gateway.replicas:
        one.answers[:] = [Reply(text="the answer", reasoning="the reasoning")]
    *items, done = asked(gateway, key)
    texts = {field: "".join(one.text for one in items if isinstance(one, Delta) and one.field == field)
             for field in ("reasoning", "content")}  # fmt: skip
    assert texts == {"reasoning": "the reasoning", "content": "the answer"}
    assert isinstance(done, Done)
    used = gateway.settled(gateway.name(key))
    assert (done.usage.prompt, done.usage.completion) == (used.input, used.output)


def test_a_limit_of_rate_is_waited_for_and_one_of_a_day_is_not(gateway: Gateway) -> None:
    rated = gateway.key("client-rated", "requests_per_minute=1")
    asked(gateway, rated)
    error = failure(gateway, rated)
    assert error.retryable
    assert error.wait_seconds is not None
    assert 0 < error.wait_seconds <= 60
    # Enough for one answer of which nobody says how long it may get, and its prompt.
    daily = gateway.key("client-daily", "tokens_per_day=4125")
    asked(gateway, daily)
    error = failure(gateway, daily)
    assert not error.retryable
    assert "midnight" in error.why


def test_a_broken_stream_may_be_asked_again_and_a_wrong_key_not(gateway: Gateway, key: str) -> None:
    for one in gateway.replicas:
        one.answers[:] = [Answer([chunk({"content": "first"}), CUT])]
    assert failure(gateway, key).retryable
    error = failure(gateway, "r1k_wrong")
    assert not error.retryable
    assert error.what == "the server does not accept the key"


def test_a_longer_answer_than_the_key_allows_is_refused_with_the_number(gateway: Gateway) -> None:
    capped = gateway.key("client-capped", "max_tokens=7")
    with (
        provider(f"{gateway.url}/v1", capped, backoff=ONCE) as made,
        pytest.raises(ProviderError, match="longer answer"),
    ):
        list(made.stream(replace(REQUEST, max_tokens=8), Control()))
