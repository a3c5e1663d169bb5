"""What r1code says that it used is what really passed, and no limit in money is ever exceeded."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fakes.answers import Step
from fakes.chat import QUICK, profile_at
from fakes.house import House
from fakes.metering import MeteringProxy
from fakes.server import Answer, FakeServer, Reply, cut_after, ended_after, fault
from r1code import account
from r1code.budget import Meter
from r1code.errors import ProviderError
from r1code.events import TurnEnded
from r1code.ledger import charges_of, spent
from r1code.log import Asked, Compacted, Replied, Used
from r1code.profiles import Price
from r1code.profiles.profile import Thinking
from r1code.profiles.room import Room
from r1code.providers.chat import ChatProvider
from r1code.types import Budget, Usage

PRICE = Price(currency="USD", date="2026-01-01", source="x", hit=0.5, miss=1.0, output=4.0)
FLAT = replace(PRICE, hit=1.0)
"""It needs no word of the cache, which vLLM does not say."""
READ = Reply(text='<read path="a.py"/>', reasoning="I look at it. " * 20)
DONE = Reply(text="<done>\nAll of it.\n</done>", reasoning="That was it.")
GARBLED = Reply(text='<read path="a.py"', reasoning="Hm.")
"""A format error: it is answered, and its tokens are spent."""
CUT = Reply(text="<done>\nHalf.\n</done>", reasoning="I think. " * 20, shape=cut_after(6))
EARLY = Reply(text="<done>\nHalf.\n</done>", reasoning="I think. " * 20, shape=ended_after(9))
SILENT = Reply(text="<done>\nYes.\n</done>", reasoning="Hm.", usage="none")
EMPTY = Reply(text="", reasoning="")
"""The server gave nothing, and bills the prompt: r1code sends the request again."""
GAVE_UP = Reply(text="Well", reasoning="Hm.", finish="insufficient_system_resource")
LOST = fault(500, {"error": {"message": "lost"}})
BUSY = fault(503, {"error": {"message": "busy"}}, retry_after="0")
EVERY: Sequence[Answer | Reply] = (READ, GARBLED, CUT, EARLY, EMPTY, GAVE_UP, BUSY, LOST)


def pauses_at_the_end(steps: Sequence[Step]) -> Sequence[Step]:
    """So that who leaves in the middle never sees the usage."""
    return [*steps[:-4], 1.0, *steps[-4:]]


@contextmanager
def houses(
    proxy: MeteringProxy,
    folder: Path,
    count: int = 1,
    *,
    files: dict[str, str] | None = None,
    room: Room | None = None,
    **more: Any,
) -> Iterator[list[House]]:
    """Sessions that share one provider."""
    known: dict[str, Any] = {"reasoning": "field", "tokenizer": "deepseek-r1", "concurrency": 4, "price": PRICE}
    profile = profile_at(proxy.url, context_window=32_768, **{**known, **more})
    provider = ChatProvider(profile, None, lambda: "s", backoff=QUICK)
    try:
        yield [
            House(
                folder / str(number),
                [],
                files=files or {"a.py": "x = 1\n"},
                provider=provider,
                profile=profile,
                room=room,
            )
            for number in range(count)
        ]
    finally:
        provider.close()


def said(house: House) -> list[Usage]:
    """What a session's log says of the requests that used something."""
    return [charge.usage for charge in charges_of(house.session.entries)]


def ran(house: House, meter: Meter) -> TurnEnded | None:
    """None: the backend failed for good."""
    try:
        *_, last = house.turn(meter=meter)
    except ProviderError:
        return None
    assert isinstance(last, TurnEnded)
    return last


def by_size(usages: Sequence[Usage]) -> list[tuple[int, ...]]:
    return sorted((u.prompt or -1, u.cached or 0, u.completion or -1, u.reasoning or 0) for u in usages)


def test_what_a_session_says_is_what_passed(tmp_path: Path) -> None:
    answers = [READ, BUSY, CUT, EMPTY, READ, GARBLED, LOST, GAVE_UP, EARLY, READ, DONE]
    with (
        FakeServer(answers, style="openai") as server,
        MeteringProxy(server.port) as proxy,
        houses(proxy, tmp_path) as (house,),
    ):
        last = ran(house, meter := Meter(Budget()))
        assert last is not None
        assert last.reason == "done"
    assert server.rejected == []
    # Each one that was accepted is told of, with all that passed; the one that was refused is not.
    assert [one.usage for one in proxy.answered] == said(house)
    assert len(said(house)) == 9
    # Four brought no reply, and two of them told their usage: those tokens are spent, too.
    unknown = [usage for usage in said(house) if usage == Usage()]
    assert len(unknown) == 2
    replies = [entry.item.usage for entry in house.session.entries if isinstance(entry.item, Replied)]
    assert (len(replies), last.spent.requests) == (5, 9)
    known = [one.usage for one in proxy.answered if one.usage.prompt is not None]
    assert last.spent.prompt.known == sum(usage.prompt or 0 for usage in known)
    assert last.spent.completion.known == sum(usage.completion or 0 for usage in known)
    assert last.spent.reasoning.known == sum(usage.reasoning or 0 for usage in known)
    assert last.spent.hit.known == sum(usage.cached or 0 for usage in known)
    assert last.spent.prompt.unknown == last.spent.completion.unknown == 2
    assert meter.usage.prompt == last.spent.prompt.known


def test_an_answer_without_its_usage_is_unknown_and_not_free(tmp_path: Path) -> None:
    with (
        FakeServer([SILENT], style="openai") as server,
        MeteringProxy(server.port) as proxy,
        houses(proxy, tmp_path) as (house,),
    ):
        last = ran(house, Meter(Budget(cost=Decimal("0.05"))))
    assert last is not None
    (bill,) = last.spent.bills
    assert (bill.total, bill.unknown, last.spent.prompt.known, last.spent.prompt.unknown) == (0, 1, 0, 1)
    assert bill.at_most is not None
    assert proxy.bill(PRICE) <= bill.at_most <= Decimal("0.05")


def test_a_process_that_dies_in_a_request_leaves_it_as_unknown(tmp_path: Path) -> None:
    house = House(tmp_path, [])
    house.session.append(Asked(profile="p", step=1, price=PRICE, at_most=Decimal("0.1")))
    total = spent(charges_of(house.session.entries))
    assert (total.requests, total.prompt.unknown, total.bills[0].unknown) == (1, 1, 1)
    assert total.bills[0].at_most == Decimal("0.1")


def test_no_request_is_part_of_the_history(tmp_path: Path) -> None:
    with (
        FakeServer([READ, DONE], style="openai") as server,
        MeteringProxy(server.port) as proxy,
        houses(proxy, tmp_path) as (house,),
    ):
        ran(house, Meter(Budget()))
    assert any(isinstance(entry.item, Used) for entry in house.session.entries)
    assert not any(isinstance(entry.item, Asked | Used) for entry in house.session.path())


@pytest.mark.parametrize("money", [None, "0.05"])
def test_candidates_at_once_are_told_of_as_they_passed(tmp_path: Path, money: str | None) -> None:
    answers = [READ, CUT, READ, GARBLED, EMPTY, READ, EARLY, *[READ] * 5, DONE]
    cost = None if money is None else Decimal(money)
    with (
        FakeServer(answers, style="openai") as server,
        MeteringProxy(server.port) as proxy,
        houses(proxy, tmp_path, 3) as all_of_them,
        ThreadPoolExecutor(3) as pool,
    ):
        meter = Meter(Budget(cost=cost))
        list(pool.map(lambda house: ran(house, meter), all_of_them))
    told = [usage for house in all_of_them for usage in said(house)]
    assert by_size(told) == by_size([one.usage for one in proxy.answered])
    if cost is not None:
        assert proxy.bill(PRICE) <= meter.used.cost <= cost


def test_what_compaction_asks_is_told_of_and_paid_from_the_same_budget(tmp_path: Path) -> None:
    long = {f"f{number}.py": "".join(f"line {one} of it\n" for one in range(300)) for number in range(4)}
    talk = "I think about it. " * 130
    reads = [Reply(text=f'{talk}\n<read path="f{number}.py"/>', reasoning="Hm.") for number in range(4)]
    answers = [*reads, Reply(text="They are all alike.", reasoning="Hm."), DONE]
    shape = Room(window=20_100, reserve=100, prompt=8_000, map=0, observation=1_500)
    with (
        FakeServer(answers, style="openai") as server,
        MeteringProxy(server.port) as proxy,
        houses(proxy, tmp_path, files=long, room=shape) as (house,),
    ):
        last = ran(house, meter := Meter(Budget(cost=Decimal(1))))
    assert last is not None
    compacted = [entry.item for entry in house.session.entries if isinstance(entry.item, Compacted)]
    assert [one.how for one in compacted] == ["model"]
    assert (last.reason, last.spent.requests, last.steps) == ("done", 6, 5)
    assert [one.usage for one in proxy.answered] == said(house)
    assert proxy.bill(PRICE) == meter.used.cost == last.spent.bills[0].total
    # It is part of the step before which it was asked.
    steps = [charge.step for charge in charges_of(house.session.entries)]
    assert sorted(steps) == steps
    assert len(steps) - len(set(steps)) == 1


@pytest.mark.parametrize("then", ["ask", "continue"])
def test_what_the_governor_cuts_is_unknown_and_what_it_asks_again_is_told_of(tmp_path: Path, then: str) -> None:
    loop = Reply(
        text="never", reasoning="Wait, let me check that again.\n" * 400, size=100, shape=pauses_at_the_end
    )
    with (
        FakeServer([loop, READ, DONE], style="vllm") as server,
        MeteringProxy(server.port) as proxy,
        houses(proxy, tmp_path, thinking=Thinking(cut=then), price=FLAT) as (house,),
    ):
        last = ran(house, meter := Meter(Budget(cost=Decimal(1))))
    assert server.rejected == []
    assert last is not None
    assert last.reason == "done"
    # A server that streams reasoning and says that there was none is not believed.
    told = [replace(one.usage, reasoning=one.usage.reasoning or None) for one in proxy.answered]
    assert told == said(house)
    assert [usage == Usage() for usage in said(house)] == [True, False, False]
    # What nobody told counts as it was reserved: whatever the server bills, it is not more.
    (bill,) = last.spent.bills
    assert bill.unknown == 1
    assert bill.total < proxy.bill(FLAT) <= meter.used.cost == bill.at_most


BUDGETS = st.builds(
    Budget,
    tokens=st.none() | st.integers(2000, 30_000),
    reasoning_tokens=st.none() | st.integers(600, 4000),
    cost=st.none() | st.decimals("0.002", "0.05", places=4),
)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(EVERY), max_size=8), st.lists(st.none() | st.integers(1, 4000), max_size=12), BUDGETS
)
@example(answers=[LOST], cuts=[98], budget=Budget())
def test_whatever_happens_it_is_told_of_and_within_the_limits(
    answers: Sequence[Answer | Reply], cuts: Sequence[int | None], budget: Budget
) -> None:
    cost, tokens, reasoning = budget.cost, budget.tokens, budget.reasoning_tokens

    def cut(number: int) -> int | None:
        return cuts[number] if number < len(cuts) else None

    with (
        tempfile.TemporaryDirectory() as folder,
        FakeServer([*answers, DONE], style="openai") as server,
        MeteringProxy(server.port, cut) as proxy,
        houses(proxy, Path(folder)) as (house,),
    ):
        ran(house, meter := Meter(budget))
        house.session.close()
    assert server.rejected == []
    assert by_size([one.usage for one in proxy.answered]) == by_size(said(house))
    bill = Decimal(0)
    if cost is not None:
        bill = proxy.bill(PRICE)
        assert bill <= meter.used.cost <= cost
    if tokens is not None:
        assert meter.used.tokens <= tokens
    if reasoning is not None:
        assert meter.used.reasoning <= reasoning
    total = spent(charges_of(house.session.entries))
    if total.bills and cost is not None:
        assert total.bills[0].at_most is not None
        assert bill <= total.bills[0].at_most <= cost


def test_no_other_place_sends_requests_but_a_checkup() -> None:
    root = Path(account.__file__).parent
    senders = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if re.search(r"provider\.stream\(", path.read_text())
    }
    assert senders == {"account.py", "app/checkup/embedded.py", "app/checkup/talking.py"}
