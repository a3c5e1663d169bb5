"""Two results of the same workload: ratios, and how sure they are."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from fakes.benched import WORK, TimedBackend, plan, result_of
from fakes.virtual import in_virtual_time
from r1code.errors import UsageError
from r1code.serving.bench.compare import Ratio, compare
from r1code.serving.bench.plan import Plan
from r1code.serving.bench.result import Level, Result
from r1code.serving.bench.run import Bench
from r1code.serving.bench.workload import Draw, numbers

MANY = msgspec.structs.replace(WORK, least=16, output=Draw(median=20, spread=0.8, most=200))


def made_by(made: Plan, backend: TimedBackend) -> Result:
    async def work() -> Bench:
        bench = Bench(made, backend, clock=asyncio.get_running_loop().time)
        await bench.run()
        return bench

    return result_of(in_virtual_time(work()), made)


def found(first: Result, second: Result, concurrency: int = 2) -> dict[str, Ratio]:
    return {one.name: one for one in compare(first, second).ratios if one.concurrency == concurrency}


def noisy(result: Result, seed: int) -> Result:
    """Each turn up to a fifth faster or slower."""
    dice = numbers(seed, "noise")

    def level(one: Level) -> Level:
        turns = []
        for turn in one.turns:
            factor = 0.8 + 0.4 * next(dice)
            assert turn.ttft is not None
            tpot = None if turn.tpot is None else turn.tpot * factor
            turns.append(
                msgspec.structs.replace(turn, ttft=turn.ttft * factor, tpot=tpot, seconds=turn.seconds * factor)
            )
        return msgspec.structs.replace(one, turns=tuple(turns))

    return msgspec.structs.replace(result, levels=tuple(map(level, result.levels)))


def test_a_server_that_is_twice_as_slow_is_told_as_that() -> None:
    fast = made_by(plan(2, work=MANY), TimedBackend())
    slow = made_by(plan(2, work=MANY), TimedBackend(first=1.0, each=0.2))
    ratios = found(fast, slow)
    assert [ratios[name].ratio for name in ("ttft_p50", "ttft_p95", "tpot_p50")] == pytest.approx([2.0] * 3)
    # Of exactly twice, each resampling is exactly twice.
    assert ratios["tpot_p50"].interval == pytest.approx((2.0, 2.0))
    assert ratios["output_per_second"].ratio < 0.7
    assert all(one.differs for one in ratios.values())
    assert not found(fast, fast)["ttft_p50"].differs
    # What was measured of the second turned round is the first's.
    assert found(slow, fast)["tpot_p50"].ratio == pytest.approx(0.5)


def test_noise_alone_is_no_difference() -> None:
    same = made_by(plan(2, work=MANY), TimedBackend())
    pairs = [found(noisy(same, seed), noisy(same, seed + 100)) for seed in range(8)]
    ratios = [one for pair in pairs for one in pair.values()]
    assert all(one.interval is not None and one.interval[0] < one.ratio < one.interval[1] for one in ratios)
    # 95 % of them, about.
    assert sum(one.differs for one in ratios) <= len(ratios) // 8
    # The same results are told the same way.
    assert found(noisy(same, 1), noisy(same, 101)) == pairs[1]


def test_few_sessions_have_no_interval() -> None:
    small = plan(1, work=msgspec.structs.replace(WORK, least=2))
    one = made_by(small, TimedBackend())
    assert found(one, one, 1)["ttft_p50"].interval is None
    assert not found(one, one, 1)["ttft_p50"].differs


def test_only_sessions_and_levels_that_both_have_are_compared() -> None:
    whole = made_by(plan(1, 2, 4, work=MANY), TimedBackend())
    part = made_by(plan(2, 8, work=MANY, seconds=40.0), TimedBackend())
    comparison = compare(whole, part)
    assert (comparison.only_first, comparison.only_second, comparison.partial) == ((1, 4), (), True)
    assert 0 < comparison.sessions[2] < 16
    assert {one.concurrency for one in comparison.ratios} == {2}


def test_different_work_is_not_compared() -> None:
    one = made_by(plan(1), TimedBackend())
    with pytest.raises(UsageError, match="cannot be compared"):
        compare(one, made_by(plan(1, work=msgspec.structs.replace(WORK, seed=1)), TimedBackend()))
    with pytest.raises(UsageError, match="cannot be compared"):
        compare(one, made_by(plan(2), TimedBackend()))
    loose = msgspec.structs.replace(one, served=msgspec.structs.replace(one.served, exact=False))
    with pytest.raises(UsageError, match="cannot be compared"):
        compare(one, loose)
