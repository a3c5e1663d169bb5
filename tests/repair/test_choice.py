"""Which of several candidates is taken, and what each of them has for itself."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from r1code.app.variants import parallel_of, variants_of
from r1code.budget import Ask, Meter, Share
from r1code.config import Config
from r1code.control import Control
from r1code.errors import BudgetExhausted
from r1code.profiles import Infill, find_profile
from r1code.repair.attempt import Tried
from r1code.repair.candidates import Once
from r1code.repair.choice import Ranking, ranked
from r1code.repair.variant import Variant
from r1code.tree.entry import Entry
from r1code.tree.patch import FileChange, Patch
from r1code.types import Budget, Outcome, Usage, Verdict


def patch(text: str) -> Patch:
    return Patch.of([FileChange(path="a.py", before=None, after=Entry(kind="file", mode=0o644, digest=text))])


def tried(outcome: Outcome, text: str = "x", *, still: int = 0, broken: int = 0) -> Tried:
    return Tried(
        patch=patch(text),
        verdict=Verdict(
            outcome=outcome,
            why="",
            sandbox="docker",
            still_failing=tuple(map(str, range(still))),
            broken=tuple(map(str, range(broken))),
        ),
    )


def rank(*all_of_them: Tried, sizes: dict[str, int] | None = None) -> Ranking:
    numbered = dict(enumerate(all_of_them, 1))
    digests = sizes or {}

    def lines(one: Patch) -> int:
        after = one.changes[0].after
        return digests.get("" if after is None else after.digest, 4)

    return ranked(numbered, {number: Variant(number=number) for number in numbered}, lines)


def order(*all_of_them: Tried, sizes: dict[str, int] | None = None) -> list[int]:
    return [one.candidate for one in rank(*all_of_them, sizes=sizes).candidates]


def test_the_verdict_decides_before_everything_else():
    found = order(
        tried("tampered", "a"),
        tried("not_fixed", "b", still=1),
        tried("fixed", "c"),
        tried("not_fixed", "d", still=2),
    )
    assert found == [3, 2, 4, 1]


def test_what_breaks_less_comes_before_what_repairs_more():
    assert order(tried("not_fixed", "a", broken=1), tried("not_fixed", "b", still=5)) == [2, 1]


def test_what_several_made_comes_before_what_is_small():
    sizes = {"a": 2, "b": 100}
    assert order(tried("fixed", "a"), tried("fixed", "b"), tried("fixed", "b"), sizes=sizes)[0] == 2


def test_a_line_more_or_less_makes_no_difference_but_twice_as_many_do():
    nearly, twice = {"a": 4, "b": 7}, {"a": 4, "b": 8}
    assert rank(tried("fixed", "b"), tried("fixed", "a"), sizes=nearly).tied == (1, 2)
    found = rank(tried("fixed", "b"), tried("fixed", "a"), sizes=twice)
    assert (found.candidates[0].candidate, found.tied) == (2, (2,))


def test_the_same_patch_is_no_tie():
    assert rank(tried("fixed", "a"), tried("fixed", "a")).tied == (1,)


OUTCOMES: list[Outcome] = ["fixed", "not_fixed", "tampered"]
TRIED = st.builds(
    lambda outcome, text, still, broken: tried(outcome, text, still=still, broken=broken),
    st.sampled_from(OUTCOMES),
    st.sampled_from("abcd"),
    st.integers(0, 3),
    st.integers(0, 3),
)


@given(st.lists(TRIED, min_size=1, max_size=8))
def test_no_candidate_is_lost_and_no_worse_verdict_wins(all_of_them: list[Tried]):
    found = rank(*all_of_them)
    assert sorted(one.candidate for one in found.candidates) == list(range(1, len(all_of_them) + 1))
    assert found.candidates[0].candidate == found.tied[0]
    if any(one.verdict.outcome == "fixed" for one in all_of_them):
        assert found.candidates[0].outcome == "fixed"
        assert all(all_of_them[number - 1].verdict.outcome == "fixed" for number in found.tied)


def test_candidates_differ_in_seed_temperature_and_strategy_and_equal_settings_give_equal_ones():
    config, profile = Config(candidates=4, seed=7), find_profile("vllm-r1")
    found = variants_of(config, profile)
    assert found == variants_of(config, profile)
    assert [one.temperature for one in found] == [0.6, 0.7, 0.5, 0.6]
    assert [one.strategy for one in found] == ["loop", "pipeline", "loop", "pipeline"]
    assert len({one.seed for one in found}) == len(found)


def test_a_single_candidate_is_what_the_profile_says():
    only = variants_of(Config(seed=7), find_profile("vllm-r1"))
    assert [(one.temperature, one.strategy) for one in only] == [(None, None)]


def test_a_strategy_that_was_asked_for_is_for_all_and_who_fills_holes_stays_with_it():
    profile = find_profile("vllm-r1")
    asked = variants_of(Config(candidates=3, strategy="loop"), profile)
    assert {one.strategy for one in asked} == {"loop"}
    fills = replace(profile, infill=Infill(file="{path}{text}", hole="{path}{before}{after}", stop=()))
    assert {one.strategy for one in variants_of(Config(candidates=3), fills)} == {None}


def test_as_many_at_a_time_as_the_server_takes_unless_a_person_says():
    profile = replace(find_profile("vllm-r1"), concurrency=4)
    assert parallel_of(Config(candidates=8), profile) == 4
    assert parallel_of(Config(candidates=2), profile) == 2
    assert parallel_of(Config(candidates=8, parallel=6), profile) == 6


def test_a_share_has_steps_of_its_own_and_what_it_uses_is_the_wholes_too():
    whole = Meter(Budget(steps=10))
    one, other = Share(whole, 2), Share(whole, 8)
    assert [one.reserve_step(), one.reserve_step()] == [1, 2]
    with pytest.raises(BudgetExhausted):
        one.reserve_step()
    assert one.exhausted
    assert not other.exhausted
    assert (other.reserve_step(), whole.steps) == (1, 3)


def test_what_a_share_used_is_known_of_it_alone_and_what_it_holds_nobody_else_gets():
    whole = Meter(Budget(tokens=1000))
    one, other = Share(whole, None), Share(whole, None)
    held = one.reserve(Ask(prompt=100, output=600), Control())
    control = Control()
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(other.reserve, Ask(prompt=100, output=600), control)
        assert not waits.done()
        one.settle(held, Usage(prompt=100, completion=50), 0.0)
        assert waits.result(timeout=60).ask.output == 600
    assert (one.usage.completion, other.usage.completion, whole.usage.completion) == (50, None, 50)


def test_the_first_message_is_made_once_for_all_threads(tmp_path: Path):
    del tmp_path
    made: list[int] = []
    barrier = threading.Barrier(8)

    def make(_control: Control) -> str:
        made.append(1)
        return "text"

    once = Once(make)

    def ask(_: int) -> str:
        barrier.wait()
        return once(Control())

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {"text"}
    assert len(made) == 1
