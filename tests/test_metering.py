"""What r1code says that it used is what really passed, and no limit in money is ever exceeded."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.chat import QUICK, profile_at
from fakes.house import House
from fakes.metering import MeteringProxy
from fakes.server import Answer, FakeServer, Reply, cut_after, ended_after, fault
from r1code.budget import Meter
from r1code.errors import ProviderError
from r1code.events import TurnEnded
from r1code.ledger import charges_of, spent
from r1code.profiles import Price
from r1code.providers.chat import ChatProvider
from r1code.session import Asked, Replied, Used
from r1code.types import Budget, Usage

PRICE = Price(currency="USD", date="2026-01-01", source="x", hit=0.5, miss=1.0, output=4.0)
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
BUSY = fault(503, {"error": {"message": "busy"}}, retry_after="0")
EVERY: Sequence[Answer | Reply] = (READ, GARBLED, CUT, EARLY, EMPTY, GAVE_UP, BUSY)


@contextmanager
def houses(proxy: MeteringProxy, folder: Path, count: int = 1) -> Iterator[list[House]]:
    """Sessions that share one provider."""
    profile = profile_at(
        proxy.url, price=PRICE, reasoning="field", tokenizer="deepseek-r1", concurrency=4, context_window=32_768
    )
    provider = ChatProvider(profile, None, lambda: "s", backoff=QUICK)
    try:
        yield [
            House(folder / str(number), [], files={"a.py": "x = 1\n"}, provider=provider, profile=profile)
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
    answers = [READ, BUSY, CUT, EMPTY, READ, GARBLED, GAVE_UP, EARLY, READ, DONE]
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


BUDGETS = st.builds(
    Budget,
    tokens=st.none() | st.integers(2000, 30_000),
    reasoning_tokens=st.none() | st.integers(600, 4000),
    cost=st.none() | st.decimals("0.002", "0.05", places=4),
)


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from(EVERY), max_size=8), st.lists(st.none() | st.integers(1, 4000), max_size=12), BUDGETS
)
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
