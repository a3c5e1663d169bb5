"""What a small session costs in tokens, held against what was measured of other agents (bench/context.py)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from fakes.six_steps import MINI_GROWTH, MINI_SESSION, SixSteps
from r1code import prompts
from r1code.profiles import find_profile
from r1code.profiles.tokenizers import tokenizer_named
from r1code.tools.toolset import ORDER

TOKENS = tokenizer_named("deepseek-r1")
PROFILES = ["vllm-r1", "vllm-r1-0528"]


def test_the_instructions_with_all_tools_are_short() -> None:
    tools = [prompts.load(f"tools/{name}") for name in ORDER]
    assert TOKENS.count(prompts.load("instructions", tools=tools)) <= 900


def test_what_a_conversation_adds_is_short() -> None:
    assert TOKENS.count(prompts.load("conversation")) <= 80


@pytest.mark.parametrize("name", PROFILES)
def test_a_step_adds_what_was_said_and_seen_and_little_else(tmp_path: Path, name: str) -> None:
    session = SixSteps(tmp_path, find_profile(name))
    assert "split" in session.file("purse/money.py")
    assert "rest = cents % people" in session.file("purse/money.py")
    assert len(session.prompts) == 7
    for (reply, seen), (before, after) in zip(session.said(TOKENS), pairwise(session.prompts), strict=False):
        assert after - before <= reply + seen + 40


@pytest.mark.parametrize("name", PROFILES)
def test_a_whole_session_is_cheaper_than_the_leanest_peers(tmp_path: Path, name: str) -> None:
    session = SixSteps(tmp_path, find_profile(name))
    assert sum(session.prompts) < MINI_SESSION
    # It is no smaller story: what its steps add is what the peer's add, less the frame around observations.
    growth = sum(session.prompts) - len(session.prompts) * session.prompts[0]
    assert growth >= 0.9 * MINI_GROWTH
