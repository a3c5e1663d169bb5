"""What was used and what it cost is computed from logs; nothing that a log still says is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from r1code.app.cost import O1, cost_of, cost_of_days, newest
from r1code.errors import StateError
from r1code.ledger import charges_of, priced, spent
from r1code.log import AnyItem, Asked, Ended, Opened, Replied, Used
from r1code.log_file import LOG
from r1code.profiles import Price, load_profiles
from r1code.session import Session
from r1code.types import Usage
from r1code.ui.cost_table import told_days, told_session

PRICE = Price(currency="USD", date="2026-01-01", source="x", hit=0.1, miss=1.0, output=4.0)
YUAN = Price(currency="CNY", date="2026-01-01", source="x", hit=0.5, miss=4.0, output=16.0)
USAGE = Usage(prompt=1000, cached=896, completion=200, reasoning=150)
DONE = Ended(reason="done", text="", usage=USAGE, steps=1, seconds=1.0)


def session(folder: Path, *items: AnyItem, **opened: str) -> Session:
    made = Session.create(folder, Opened(root="/r", profile="p", base="", **opened))
    for item in items:
        made.append(item)
    made.close()
    return made


def asked(step: int, price: Price | None = PRICE, at_most: str | None = None) -> Asked:
    return Asked(profile="p", step=step, price=price, at_most=None if at_most is None else Decimal(at_most))


def test_hit_miss_answer_and_reasoning_are_told_apart(tmp_path: Path) -> None:
    made = session(tmp_path, asked(1), Used(asked=2, usage=USAGE))
    total = spent(charges_of(made.entries))
    parts = (total.hit, total.miss, total.answer, total.reasoning)
    assert [one.known for one in parts] == [896, 104, 50, 150]
    (bill,) = total.bills
    assert (bill.hit, bill.miss, bill.answer, bill.reasoning) == tuple(
        map(Decimal, ("0.0000896", "0.000104", "0.0002", "0.0006"))
    )
    assert bill.total == bill.at_most == Decimal("0.0009936")
    assert bill.uncached == Decimal("0.0018")


def test_what_nobody_said_is_unknown_and_bounded(tmp_path: Path) -> None:
    items = (asked(1, at_most="0.5"), Used(asked=2, usage=Usage()), asked(2), Used(asked=4, usage=USAGE))
    made = session(tmp_path, *items, asked(3, at_most="0.25"))
    total = spent(charges_of(made.entries))
    assert (total.requests, total.prompt.known, total.prompt.unknown) == (3, 1000, 2)
    (bill,) = total.bills
    assert (bill.total, bill.unknown, bill.at_most) == (Decimal("0.0009936"), 2, Decimal("0.7509936"))


def test_a_refused_request_used_nothing_and_currencies_stay_apart(tmp_path: Path) -> None:
    refused = (asked(1), Used(asked=2, usage=None))
    both = (asked(1, YUAN), Used(asked=4, usage=USAGE), asked(2), Used(asked=6, usage=USAGE))
    made = session(tmp_path, *refused, *both)
    total = spent(charges_of(made.entries))
    assert total.requests == 2
    assert [(bill.currency, bill.total) for bill in total.bills] == [
        ("CNY", Decimal("0.004064")),
        ("USD", Decimal("0.0009936")),
    ]


def test_turns_and_steps_add_up_and_o1_has_a_dated_price(tmp_path: Path) -> None:
    first = (asked(1), Used(asked=2, usage=USAGE), asked(1), Used(asked=4, usage=USAGE), DONE)
    made = session(tmp_path, *first, asked(1), Used(asked=7, usage=USAGE))
    cost = cost_of(made.folder)
    assert [(one.turn, one.step, one.spent.requests) for one in cost.steps] == [(1, 1, 2), (2, 1, 1)]
    assert [turn.requests for turn in cost.turns] == [2, 1]
    assert cost.spent == spent(charges_of(made.entries))
    price = load_profiles()[O1].profile.price
    assert price is not None
    assert (
        cost.on_o1.total
        == priced(charges_of(made.entries), price).total
        == Decimal(3) * (price.bound(104, 200) + Decimal(repr(price.hit)) * 896 / 1_000_000)
    )
    told = told_session(cost)
    assert f"prices of {price.date}, {price.source}" in told
    assert "without the server's cache: 0.0054 USD" in told


@pytest.mark.parametrize("line", range(6))
@pytest.mark.parametrize(
    "broken", [lambda line: b"\xff\x00" + line, lambda line: line[: len(line) // 2], lambda _: b"{}"]
)
def test_a_damaged_line_loses_nothing_of_the_others(
    tmp_path: Path, line: int, broken: Callable[[bytes], bytes]
) -> None:
    items = (
        asked(1, at_most="0.1"),
        Used(asked=2, usage=USAGE),
        asked(2, at_most="0.1"),
        Used(asked=4, usage=USAGE),
    )
    made = session(tmp_path, *items, DONE)
    log = made.folder / LOG
    lines = log.read_bytes().splitlines()
    lines[line] = broken(lines[line])
    log.write_bytes(b"\n".join(lines) + b"\n")
    cost = cost_of(made.folder)
    assert cost.damaged == 1
    assert cost.spent.requests == 2
    tokens = cost.spent.prompt
    # What is lost with a `Used` is unknown, and bounded by its reservation; with an `Asked`, only the price.
    assert (tokens.known, tokens.unknown) == ((1000, 1) if line in {2, 4} else (2000, 0))
    assert cost.spent.unpriced == (line in {1, 3})
    if line in {2, 4}:
        assert cost.spent.bills[0].at_most == Decimal("0.1009936")
    days = cost_of_days(tmp_path, 1)
    assert days.spent == cost.spent
    assert "not known: what 1 damaged line of the log said" in told_days(days)


def test_a_line_that_is_being_written_is_not_counted_yet(tmp_path: Path) -> None:
    made = session(tmp_path, asked(1), Used(asked=2, usage=USAGE))
    with (made.folder / LOG).open("ab") as file:
        file.write(msgspec.json.encode({"id": 4, "item": {"kind": "Asked"}}))
    assert cost_of(made.folder).damaged == 0
    assert cost_of(made.folder).spent.requests == 1


def test_sessions_that_write_at_once_are_all_in_the_day(tmp_path: Path) -> None:
    """Each has a log of its own: there is no file that two of them could spoil."""
    count, each = 4, 30

    def work() -> None:
        made = Session.create(tmp_path, Opened(root="/r", profile="p", base=""))
        for step in range(1, each + 1):
            entry = made.append(asked(step))
            made.append(Used(asked=entry.id, usage=USAGE))
        made.close()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    seen = [0]
    while any(thread.is_alive() for thread in threads):
        days = cost_of_days(tmp_path, 1)
        assert (days.damaged, days.unreadable) == (0, 0)
        assert days.spent.requests >= seen[-1]
        seen.append(days.spent.requests)
    total = cost_of_days(tmp_path, 1)
    assert total.spent.requests == count * each
    assert total.days[0].sessions == count
    assert total.spent.bills[0].total == count * each * Decimal("0.0009936")


def test_a_replay_costs_nothing_and_old_logs_have_tokens_without_a_price(tmp_path: Path) -> None:
    session(tmp_path, asked(1), Used(asked=2, usage=USAGE), replays="20260101-000000-abcd")
    old = Replied(text="", reasoning="", finish="stop", usage=USAGE)
    session(tmp_path, old, old)
    days = cost_of_days(tmp_path, 1)
    assert (days.spent.requests, days.spent.prompt.known, days.spent.unpriced) == (2, 2000, 2)
    assert days.spent.bills == ()


def test_only_the_days_that_are_asked_for(tmp_path: Path) -> None:
    session(tmp_path, asked(1), Used(asked=2, usage=USAGE))
    later = 3 * 86_400
    made = cost_of_days(tmp_path, 2, now=lambda: newest(tmp_path).stat().st_mtime + later)
    assert made.days == ()
    assert len(cost_of_days(tmp_path, 5, now=lambda: newest(tmp_path).stat().st_mtime + later).days) == 1


def test_no_session(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="there is no session yet"):
        newest(tmp_path)
    with pytest.raises(StateError, match="there is no session nothing"):
        cost_of(tmp_path / "nothing")
