"""A session's prefix by a real server's own count: the prompt of a step is where that of the next one begins."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec
import pytest

from fakes.prompts import Message, render, tokens
from fakes.requests import MODEL
from fakes.served import Served
from fakes.server import FakeServer
from fakes.six_steps import SixSteps
from fakes.thirty_steps import WAYS, Prompts, house_on, replies, thirty_steps
from r1code.profiles import find_profile

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]

BLOCK = 128
"""Tokens that vLLM's cache keeps together on a CPU."""
SHARE = 0.99
"""Of what could hit, what has to."""


def hits_of(wide: Served, bodies: Sequence[Sequence[Message]], broken: Collection[int]) -> tuple[int, int]:
    """By the server's metric: how many tokens of the prompts hit its cache, and how many could.

    That is all whole blocks of the prompt before, but for the prompts `broken`, which do not begin with it.
    """
    hits = could = before = 0
    for number, messages in enumerate(bodies):
        at = wide.counter("vllm:prefix_cache_hits_total")
        answer = wide.post({"model": MODEL, "messages": messages, "max_tokens": 1})
        assert answer.is_success, answer.text
        if before and number not in broken:
            known = before // BLOCK * BLOCK
            could += known
            hits += min(int(wide.counter("vllm:prefix_cache_hits_total") - at), known)
        before = len(tokens(render(messages, "r1", generation=False)))
    sys.stdout.write(f"{len(bodies)} prompts: {hits} of {could} tokens hit\n")
    return hits, could


def test_a_small_session_hits_the_cache_wherever_it_could(wide: Served, tmp_path: Path) -> None:
    session = SixSteps(tmp_path, find_profile("vllm-r1"))
    bodies = [msgspec.to_builtins(request.messages) for request in session.provider.requests]
    hits, could = hits_of(wide, bodies, ())
    assert could > 7_000
    assert hits >= SHARE * could


def test_thirty_steps_hit_the_cache_but_where_the_history_was_changed(wide: Served, tmp_path: Path) -> None:
    way = WAYS["vllm-r1"]
    with (
        FakeServer(replies(way), style=way.style, template=way.template) as server,
        house_on(server, tmp_path, way, prompt=7_000) as house,
    ):
        thirty_steps(house)
        seen = Prompts(server, way.template)
    assert len(seen.bodies) >= 30
    assert len(seen.changed) <= 2
    hits, could = hits_of(wide, seen.bodies, {*seen.changed, seen.turned})
    assert could > 75_000
    assert hits >= SHARE * could
