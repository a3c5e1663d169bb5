"""Whole runs in virtual time, against a server that takes exactly the time that it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import msgspec
import pytest

from fakes.benched import WORK, TimedBackend, plan, result_of
from fakes.virtual import in_virtual_time
from r1code.errors import StateError
from r1code.serving.bench.figures import all_figures, figures_of, saturation
from r1code.serving.bench.plan import Plan
from r1code.serving.bench.result import Goal, Result, read_result
from r1code.serving.bench.run import AskError, Bench, BenchEvent, LevelBegan, LevelEnded, TurnEnded
from r1code.serving.bench.workload import Draw, messages_of, prefix_of, sessions_of

# Eleven tokens: the first after 0.5 s, then ten in a second; a pause of a second before it.
TURN, PAUSE, TOKENS = 0.5 + 10 * 0.1, 1.0, 11


def run(made: Plan, backend: TimedBackend) -> Bench:
    async def work() -> Bench:
        bench = Bench(made, backend, clock=asyncio.get_running_loop().time)
        await bench.run()
        return bench

    return in_virtual_time(work())


def test_what_is_measured_is_what_the_server_did() -> None:
    backend = TimedBackend()
    done = run(plan(1), backend)
    (level,) = done.levels
    found = figures_of(level, plan().goal)
    assert found.ttft is not None
    assert found.tpot is not None
    assert found.itl is not None
    assert found.seconds is not None
    # One slot does four sessions of three turns, and nobody else is there: no tail.
    assert (found.sessions, found.turns, found.tail, found.failures) == (4, 12, 0, {})
    assert [found.ttft.mean, found.ttft.p50, found.ttft.p99, found.ttft.most] == pytest.approx([0.5] * 4)
    assert [found.tpot.p50, found.tpot.most] == pytest.approx([0.1] * 2)
    assert found.itl.p50 == pytest.approx(0.1, rel=0.011)
    assert found.seconds.p50 == pytest.approx(TURN)
    assert level.seconds == pytest.approx(12 * (TURN + PAUSE))
    assert found.output_per_second == pytest.approx(TOKENS / (TURN + PAUSE))
    assert found.input_per_second == pytest.approx(100 / (TURN + PAUSE))
    assert found.turns_per_second == pytest.approx(1 / (TURN + PAUSE))
    assert (found.hit_rate, found.tokens_per_piece, found.short) == (0.8, 1.0, 0)
    assert found.goodput is not None
    assert (found.goodput.share, found.goodput.tokens_per_second) == (1.0, found.output_per_second)
    assert (done.ended, found.lag) == ("whole", pytest.approx(0, abs=1e-5))


def test_times_count_from_when_the_request_went_out() -> None:
    backend = TimedBackend()
    backend.connect = 0.4
    found = figures_of(run(plan(1), backend).levels[0], plan().goal)
    assert found.ttft is not None
    assert (found.ttft.p50, found.ttft.most) == pytest.approx((0.5, 0.5))


def test_a_busy_machine_is_noticed() -> None:
    class Late(TimedBackend):
        async def ask(self, body: bytes, session: str, sent: Callable[[], None]) -> AsyncGenerator[bytes, None]:
            async for data in super().ask(body, session, sent):
                # As if this process had been kept from going on: the clock moves, and nobody gets a turn.
                asyncio.get_running_loop()._virtual.now += 0.03  # type: ignore[attr-defined]
                yield data

    found = figures_of(run(plan(1), Late()).levels[0], plan().goal)
    assert found.lag == pytest.approx(0.03, rel=0.02)


def test_what_is_sent_is_what_was_planned() -> None:
    backend = TimedBackend()
    made = plan(1)
    run(made, backend)
    prefix = prefix_of(WORK)
    sent = [body["messages"] for body in backend.bodies]
    assert sent[0][0]["content"].startswith(prefix)
    assert backend.bodies[0]["max_tokens"] == 1
    assert sent[1:] == [
        messages_of(prefix, one.turns[: at + 1], system=False) for one in sessions_of(WORK, 1) for at in range(3)
    ]


def test_twice_as_many_slots_make_twice_as_much_until_the_server_is_full() -> None:
    done = run(plan(1, 2, 4, 8), TimedBackend(room=4))
    rates = [one.output_per_second for one in all_figures(result_of(done, plan(1, 2, 4, 8)))]
    assert rates[:3] == pytest.approx([rates[0], 2 * rates[0], 4 * rates[0]])
    assert rates[3] < 8 * rates[0] * 0.8


def test_the_tail_of_a_level_is_not_in_its_figures() -> None:
    # Of five sessions for two slots, the last is alone for a while.
    made = plan(2, work=msgspec.structs.replace(WORK, least=5))
    (level,) = run(made, TimedBackend()).levels
    alone = [turn for turn in level.turns if turn.tail]
    assert {turn.session for turn in alone} == {"2.4"}
    found = figures_of(level, made.goal)
    assert (found.tail, found.turns) == (len(alone), 15 - len(alone))
    assert found.output_per_second == pytest.approx(2 * TOKENS / (TURN + PAUSE))


def test_goodput_leaves_out_what_misses_the_goal() -> None:
    made = plan(1)
    (level,) = run(made, TimedBackend(first=0.7)).levels
    late = figures_of(level, made.goal)
    slow = figures_of(level, Goal(ttft=1.0, tpot=0.05))
    good = figures_of(level, Goal(ttft=0.71, tpot=0.11))
    shares = [
        one.goodput and (one.goodput.share, one.goodput.tokens_per_second > 0) for one in (late, slow, good)
    ]
    assert shares == [(0.0, False), (0.0, False), (1.0, True)]


def test_failures_are_counted_and_cost_their_time() -> None:
    backend = TimedBackend()
    # The warm-up is number 0. The second turn of the first session fails, and its third is never sent; of the
    # next session it is the third.
    backend.failures = {2: AskError("server", "503 busy"), 5: AskError("connection", "reset")}
    made = plan(1)
    done = run(made, backend)
    found = figures_of(done.levels[0], made.goal)
    assert found.failures == {"connection": 1, "server": 1}
    assert found.turns == 12 - 1
    assert [turn.why for turn in done.levels[0].turns if turn.failure] == ["503 busy", "reset"]
    busy = 9 * (TURN + PAUSE) + 2 * (0.25 + PAUSE)
    assert found.output_per_second == pytest.approx(9 * TOKENS / busy)
    assert found.goodput is not None
    assert found.goodput.share == 9 / 11
    assert done.ended == "whole"


def test_a_server_that_only_fails_is_left_alone() -> None:
    backend = TimedBackend()
    backend.always = AskError("server", "500 no")
    done = run(plan(2, 4), backend)
    assert done.ended == "failing"
    # Five in a row, the warm-up among them, and whoever was under way then; no second level.
    assert len(done.levels) == 1
    assert len(backend.bodies) <= 1 + 5 + 2
    refused = TimedBackend()
    refused.always = AskError("refused", "401 no key")
    assert run(plan(2), refused).levels == []
    assert len(refused.bodies) == 1


def test_a_turn_that_never_ends_is_cut() -> None:
    done = run(plan(1, turn_seconds=1.2), TimedBackend())
    assert {turn.failure for turn in done.levels[0].turns} == {"timeout"}
    assert done.levels[0].turns[0].seconds == pytest.approx(1.2)
    assert done.levels[0].turns[0].ttft == pytest.approx(0.5)


def test_time_that_is_over_leaves_what_was_measured() -> None:
    # The warm-up takes 0.5 s; then each turn 2.5 s.
    done = run(plan(1, 2, seconds=6.0), TimedBackend())
    assert done.ended == "time"
    assert [(level.ended, len(level.turns)) for level in done.levels] == [("time", 2)]


def test_requests_that_are_over_leave_what_was_measured() -> None:
    done = run(plan(1, 2, requests=7), TimedBackend())
    assert done.ended == "requests"
    assert [len(level.turns) for level in done.levels] == [7]


def test_an_interrupt_leaves_what_was_measured() -> None:
    async def work() -> Bench:
        bench = Bench(plan(1, 2), TimedBackend(), clock=asyncio.get_running_loop().time)
        task = asyncio.ensure_future(bench.run())
        await asyncio.sleep(9.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return bench

    done = in_virtual_time(work())
    assert done.ended == "interrupted"
    assert [(level.ended, len(level.turns)) for level in done.levels] == [("interrupted", 3)]


def test_the_servers_metrics_are_told_as_what_a_level_added() -> None:
    backend = TimedBackend()
    before = {"prefix_cache_hits_total": 100.0, "prefix_cache_queries_total": 1000.0, "prompt_tokens_total": 5.0}
    during = {**before, "num_requests_running": 3.0, "kv_cache_usage_perc": 0.9}
    after = {
        "prefix_cache_hits_total": 1000.0, "prefix_cache_queries_total": 2200.0, "prompt_tokens_total": 2405.0,
        "num_preemptions_total": 2.0, "time_to_first_token_seconds_sum": 5.0,
        "time_to_first_token_seconds_count": 10.0, "kv_cache_usage_perc": 0.1,
    }  # fmt: skip
    backend.samples = [before, during, after]
    found = figures_of(run(plan(1), backend).levels[0], plan().goal)
    # Ours were 12 prompts of 100 tokens; the other half was somebody else's.
    assert (found.server_hit_rate, found.preemptions, found.foreign) == (0.75, 2.0, 1.0)
    counters = run(plan(1), backend).levels[0].counters
    assert counters.hits == 0.0


def test_events_say_how_far_it_is() -> None:
    told: list[BenchEvent] = []

    async def work() -> None:
        await Bench(plan(2), TimedBackend(), clock=asyncio.get_running_loop().time, tell=told.append).run()

    in_virtual_time(work())
    assert [type(event) for event in told[1:]] == [LevelBegan, *[TurnEnded] * 12, LevelEnded]
    assert [event.done for event in told if isinstance(event, TurnEnded)] == list(range(1, 13))


def test_saturation_is_the_first_level_that_no_later_one_exceeds() -> None:
    def at(backend: TimedBackend, *levels: int) -> tuple[int, bool] | None:
        made = plan(*levels, work=msgspec.structs.replace(WORK, pause=Draw(median=0, spread=0, most=0)))
        found = saturation(all_figures(result_of(run(made, backend), made)))
        return None if found is None else (found.concurrency, found.reached)

    # Nearly all of a turn is its later tokens, of which the server makes four times ten a second.
    full = TimedBackend(first=0.001, each=0.1, room=4)
    assert at(full, 1, 2, 4, 8, 16) == (4, True)
    assert at(TimedBackend(), 1, 2, 4) == (4, False)
    refusing = TimedBackend()
    refusing.always = AskError("refused", "no")
    assert at(refusing, 1, 2) is None


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = plan(1, 2)
    result = result_of(run(made, TimedBackend()), made)
    file = tmp_path / "a.json"
    file.write_bytes(msgspec.json.encode(result))
    assert read_result(file) == result
    assert all_figures(read_result(file)) == all_figures(result)
    for text, words in (
        ("{", "is no result"),
        ('{"schema": 2}', "is no result"),
        (_other(result), "cannot be used"),
    ):
        file.write_text(text)
        with pytest.raises(StateError, match=words):
            read_result(file)
    with pytest.raises(StateError, match="cannot be read"):
        read_result(tmp_path / "none.json")


def _other(result: Result) -> str:
    return msgspec.json.encode(msgspec.structs.replace(result, schema=2)).decode()
