"""A session's prefix by a real server's own count."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fakes.prompts import render, tokens
from fakes.requests import CONTEXT, MODEL
from fakes.served import Served
from fakes.six_steps import SixSteps
from r1code.profiles import find_profile

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]

BLOCK = 128
"""Tokens that vLLM's cache keeps together on a CPU."""


def test_a_session_hits_the_cache_wherever_it_could(real: Served, tmp_path: Path) -> None:
    session = SixSteps(tmp_path, find_profile("vllm-r1"))
    could = hits = 0
    before = 0
    # Of the session, what fits into the small window that the server of these tests has.
    fitting = [
        one for one, size in zip(session.provider.requests, session.prompts, strict=True) if size < CONTEXT - 8
    ]
    for request in fitting:
        messages = msgspec.to_builtins(request.messages)
        at = real.counter("vllm:prefix_cache_hits_total")
        answer = real.post({"model": MODEL, "messages": messages, "max_tokens": 1})
        assert answer.is_success, answer.text
        if before:
            could += before // BLOCK * BLOCK
            hits += int(real.counter("vllm:prefix_cache_hits_total") - at)
        before = len(tokens(render(messages, "r1", generation=False)))
    assert could > 4_000
    assert hits >= 0.99 * could
