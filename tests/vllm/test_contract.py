"""What r1code believes about vLLM, asked of a real one: through the provider where it can be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fakes.chat import provider, texts
from fakes.requests import CONTEXT, KEY, MODEL, NEARLY, USER, body
from fakes.served import Served
from r1code.control import Control
from r1code.dialects.base import ChatMessage, Request
from r1code.errors import ContextOverflow, ProviderError
from r1code.profiles.profile import Thinking
from r1code.providers.base import Delta, Done
from r1code.providers.chat import ChatProvider

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]

ASKED = Request(messages=(ChatMessage(role="user", content="Count to three."),), max_tokens=16, seed=1)


@pytest.fixture
def made(real: Served) -> Iterator[ChatProvider]:
    with provider(real.url, KEY, model=MODEL, reasoning="in_prompt") as one:
        yield one


def answer(made: ChatProvider, request: Request = ASKED) -> tuple[list[Delta], Done]:
    items = list(made.stream(request, Control()))
    done = items[-1]
    assert isinstance(done, Done)
    return [item for item in items if isinstance(item, Delta)], done


def test_without_a_closer_all_is_reasoning_and_its_count_is_not_believed(made: ChatProvider) -> None:
    deltas, done = answer(made)
    reasoning, content = texts(deltas)
    assert reasoning
    assert content == ""
    assert done.finish == "length"
    assert (done.usage.prompt, done.usage.completion, done.usage.reasoning) == (9, 16, None)
    # One delta for a token, or a few.
    assert 1 < len(deltas) <= 16


def test_the_field_is_reasoning_and_the_last_chunk_is_the_usage_alone(real: Served) -> None:
    text = real.post(body(stream=True, stream_options={"include_usage": True})).text
    events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    assert "reasoning_content" not in text
    assert events[1]["choices"][0]["delta"].keys() == {"reasoning"}
    assert events[-1]["choices"] == []
    assert events[-1]["usage"]["completion_tokens_details"] == {"reasoning_tokens": 0}
    assert text.endswith("data: [DONE]\n\n")


def test_a_budget_closes_the_reasoning_and_the_answer_begins(real: Served) -> None:
    with provider(real.url, KEY, model=MODEL, extra_body={"thinking_token_budget": 4}) as made:
        deltas, done = answer(made)
    reasoning, content = texts(deltas)
    assert reasoning
    assert content
    assert done.usage.completion == 16
    assert "</think>" not in reasoning + content


def test_an_overflow_is_known_with_its_window(made: ChatProvider) -> None:
    long = ChatMessage(role="user", content=NEARLY["content"] * 2)
    with pytest.raises(ContextOverflow) as caught:
        answer(made, Request(messages=(long,)))
    # It does not count on beyond its window.
    assert (caught.value.window, caught.value.prompt) == (CONTEXT, CONTEXT + 1)


def test_a_longer_answer_than_the_window_is_the_profiles_matter(made: ChatProvider) -> None:
    with pytest.raises(ProviderError, match="longer answers than the server gives") as caught:
        answer(made, Request(messages=ASKED.messages, max_tokens=CONTEXT + 1))
    assert str(CONTEXT) in caught.value.hint


@pytest.mark.parametrize(
    ("key", "what"), [(None, "the server wants a key"), ("no", "the server does not accept the key")]
)
def test_a_key_that_is_missing_or_wrong(real: Served, key: str | None, what: str) -> None:
    with provider(real.url, key, model=MODEL) as made, pytest.raises(ProviderError) as caught:
        answer(made)
    assert caught.value.what == what
    assert "Unauthorized" in caught.value.why


def test_an_unknown_model_is_answered_with_what_there_is(real: Served) -> None:
    with provider(real.url, KEY, model="other") as made, pytest.raises(ProviderError) as caught:
        answer(made)
    assert caught.value.what == "the server has no model 'other'"
    assert MODEL in caught.value.hint


def test_reasoning_can_be_continued_but_not_closed_through_r1s_template(real: Served) -> None:
    def go_on(content: str) -> Any:
        messages = [USER, {"role": "assistant", "content": content}]
        return real.post(body(messages=messages, continue_final_message=True, add_generation_prompt=False))

    opened, closed = go_on("<think>\nOne, two,"), go_on("<think>\nOne, two.\n</think>\n\n")
    assert opened.is_success
    assert opened.json()["choices"][0]["message"]["content"] is None
    assert closed.status_code == 400
    assert "does not appear in the chat after applying the chat template" in closed.json()["error"]["message"]


def test_continued_reasoning_is_closed_at_once_by_a_budget_that_is_used_up(real: Served) -> None:
    thoughts = ChatMessage(role="assistant", content="<think>\nOne, two, three. I answer now.\n")
    messages = (*ASKED.messages, thoughts)
    request = Request(messages=messages, max_tokens=16, seed=1, thinking=0, continues=True)
    thinking = Thinking(budget_field="thinking_token_budget")
    with provider(real.url, KEY, model=MODEL, reasoning="in_prompt", thinking=thinking) as made:
        deltas, done = answer(made, request)
    reasoning, content = texts(deltas)
    assert not reasoning.strip()
    assert content
    assert done.usage.completion == 16


def test_a_cached_prefix_is_counted_in_the_usage_and_in_the_metric(real: Served, made: ChatProvider) -> None:
    text = " ".join(f"item {number}" for number in range(400))
    first = ChatMessage(role="user", content=text)
    grown = (first, ChatMessage(role="assistant", content="Good."), ChatMessage(role="user", content="And now?"))
    before = real.counter("vllm:prefix_cache_hits_total")
    _, cold = answer(made, Request(messages=(first,), max_tokens=4))
    _, warm = answer(made, Request(messages=grown, max_tokens=4))
    hits = real.counter("vllm:prefix_cache_hits_total") - before
    assert cold.usage.cached == 0
    assert warm.usage.cached is not None
    assert cold.usage.prompt is not None
    # Whole blocks, of 128 tokens on the CPU; all but the last one.
    assert cold.usage.prompt - 128 - 3 < warm.usage.cached <= cold.usage.prompt
    assert hits == warm.usage.cached
