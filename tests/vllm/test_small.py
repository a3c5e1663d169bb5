"""A real model on a real vLLM, through the provider. It is the embedded one, not R1, and does not reason."""

from __future__ import annotations

import pytest

from fakes.chat import provider, texts
from fakes.requests import KEY, MODEL
from fakes.served import Served
from r1code.control import Control
from r1code.dialects.base import ChatMessage, Request
from r1code.providers.base import Delta, Done

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]

QUESTION = "What is the capital of France? Answer with one word."


def test_a_real_answer_comes_to_its_end_and_is_counted(small: Served) -> None:
    asked = Request(messages=(ChatMessage(role="user", content=QUESTION),), max_tokens=24, temperature=0.0)
    with provider(small.url, KEY, model=MODEL, reasoning="none") as made:
        *items, done = made.stream(asked, Control())
    assert isinstance(done, Done)
    reasoning, content = texts([item for item in items if isinstance(item, Delta)])
    assert "Paris" in content
    assert reasoning == ""
    assert done.finish == "stop"
    assert done.usage.completion is not None
    assert done.usage.completion < 24
    # Without a parser vLLM says nothing of reasoning.
    assert (done.usage.cached, done.usage.reasoning) == (0, None)
