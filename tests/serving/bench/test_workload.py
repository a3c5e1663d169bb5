"""What is sent: the same for the same seed, and each prompt begins with the one before."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.benched import PROFILE, SERVED, plan
from r1code.errors import UsageError
from r1code.profiles import Sampling
from r1code.profiles.tokenizers import tokenizer_named
from r1code.serving.bench.plan import Plan, amount_of, body_of, check
from r1code.serving.bench.workload import (
    Draw,
    Workload,
    messages_of,
    prefix_of,
    sessions_of,
    workload_of,
)

WORK = Workload(turns=4, prefix=60, task=20, answer=10, observation=15)


def said(work: Workload, concurrency: int, *, system: bool = False) -> bytes:
    prefix = prefix_of(work)
    return msgspec.json.encode(
        [
            messages_of(prefix, one.turns[: at + 1], system=system)
            for one in sessions_of(work, concurrency)
            for at in range(len(one.turns))
        ]
    )


def test_a_seed_makes_the_same_bytes_for_ever() -> None:
    # On any machine, with any Python: a result is compared with one of last year.
    digest = hashlib.sha256(said(WORK, 2)).hexdigest()[:16]
    assert digest == "353d2d89b70f7011"
    assert [(one.pause, one.output) for one in next(sessions_of(WORK, 1)).turns] == [
        (4.692, 308), (3.625, 2705), (6.223, 474), (2.843, 661),
    ]  # fmt: skip


def test_another_seed_makes_other_bytes() -> None:
    assert said(WORK, 2) != said(msgspec.structs.replace(WORK, seed=1), 2)


@pytest.mark.parametrize("system", [True, False])
def test_each_prompt_begins_with_the_one_before_and_all_with_the_prefix(system: bool) -> None:
    prefix = prefix_of(WORK)
    for session in sessions_of(WORK, 2):
        prompts = [messages_of(prefix, session.turns[: at + 1], system=system) for at in range(4)]
        assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(prompts))
        assert [len(prompt) for prompt in prompts] == [1 + system, 3 + system, 5 + system, 7 + system]
        assert prompts[0][0]["content"].startswith(prefix)
        assert [message["role"] for message in prompts[3]][-3:] == ["user", "assistant", "user"]


def test_no_two_sessions_of_any_level_have_a_turn_in_common() -> None:
    turns = [turn.said for level in (1, 2, 4) for one in sessions_of(WORK, level) for turn in one.turns]
    assert len(set(turns)) == len(turns) == 4 * (4 + 4 + 8)


def test_a_word_is_about_a_token() -> None:
    work = Workload(prefix=2_000)
    for name in ("deepseek-r1", "qwen2.5"):
        assert 0.9 < tokenizer_named(name).count(prefix_of(work)) / 2_000 < 1.2


@given(st.floats(min_value=0.001, max_value=0.999), st.floats(min_value=0, max_value=2))
def test_a_draw_has_its_median_and_its_limit(share: float, spread: float) -> None:
    draw = Draw(median=100, spread=spread, most=400)
    assert draw.at(0.5) == pytest.approx(100)
    assert (draw.at(share) <= 100) == (share <= 0.5) or not spread or draw.at(share) == pytest.approx(100)
    assert 0 < draw.at(share) <= 400


def test_a_workload_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(UsageError, match="such a workload cannot be made"):
        workload_of({"turns": 0})


def test_a_request_says_what_the_profile_and_the_plan_say() -> None:
    made = plan()
    session = next(sessions_of(made.workload, 1))
    whole = msgspec.structs.replace(
        made,
        salt="pepper",
        profile=msgspec.structs.replace(
            PROFILE, sampling=Sampling(temperature=0.6), session_field="user_id", extra_body={"a": 1}
        ),
    )
    body = msgspec.json.decode(body_of(whole, "P", session, 1))
    assert {key: body[key] for key in body.keys() - {"messages"}} == {
        "model": "m", "stream": True, "stream_options": {"include_usage": True}, "max_tokens": 11,
        "min_tokens": 11, "ignore_eos": True, "temperature": 0.6, "a": 1, "user_id": "bench-0-1.0",
        "cache_salt": "pepper",
    }  # fmt: skip
    loose = msgspec.structs.replace(made, served=msgspec.structs.replace(SERVED, exact=False))
    assert (
        not {"min_tokens", "ignore_eos", "cache_salt"}
        & msgspec.json.decode(body_of(loose, "P", session, 0)).keys()
    )


def window(tokens: int, made: Plan) -> Plan:
    return msgspec.structs.replace(made, served=msgspec.structs.replace(SERVED, window=tokens))


def test_what_is_planned_is_counted_and_must_fit() -> None:
    made = plan(1, 2)
    amounts = [amount_of(made, level, lambda text: len(text.split())) for level in (1, 2)]
    # Prefix 20, task 5, then an answer of 3 and an observation of 4; each message has 8 around it.
    first, second, third = (36 + 13, 36 + 13 + 11 + 12, 36 + 13 + 2 * (11 + 12))
    assert [one.prompt for one in amounts] == [4 * (first + second + third)] * 2
    assert amounts[0].shareable == 4 * (36 + first + second)
    assert (amounts[0].requests, amounts[0].output, amounts[0].pauses) == (12, 132, 12.0)
    assert amounts[0].longest == third + 11
    check(window(third + 11, made), amounts)
    with pytest.raises(UsageError, match="does not fit"):
        check(window(third + 10, made), amounts)
    with pytest.raises(UsageError, match="24 requests"):
        check(plan(1, 2, requests=23), amounts)
