"""A pipeline that was stopped goes on to the same end, and asks and tests nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from fakes.shop import BREAKS, FILES, FIX_CART, FIX_MONEY, Shop
from r1code.budget import Meter
from r1code.dialects.base import Request
from r1code.errors import StateError
from r1code.events import Event, Notice, TurnEnded
from r1code.log import Replied, Said, Tried
from r1code.log_file import LOG
from r1code.profiles import Infill
from r1code.repair.replay import first_difference
from r1code.repair.track import record_of
from r1code.session import Session
from r1code.types import Budget

Kind = Literal["definitions", "holes", "places"]
READS = '<read path="shop/cart.py"/>\n<read path="shop/money.py"/>'
NOWHERE = '<replace path="shop/nowhere.py">\nX = 1\n</replace>'
REPLIES: dict[Kind, list[str]] = {
    "holes": [],
    "definitions": [BREAKS, "no block", NOWHERE, BREAKS, FIX_CART, FIX_MONEY],
    "places": [READS, BREAKS, READS, FIX_CART, "<read/>", READS, FIX_MONEY],
}
INFILL = Infill(file="FILE {path}\n{text}\n", hole="HOLE {path}\n{before}[...]{after}")


def shop_of(folder: Path, kind: Kind, after: Shop | None = None) -> Shop:
    """On a tree as it was at first, with a model that says what was not said yet."""
    said = 0 if after is None else len(items(after.session, Replied))
    more: dict[str, Any] = {"naming": kind == "places", "infill": INFILL if kind == "holes" else None}
    return Shop(folder, fill if kind == "holes" else REPLIES[kind][said:], after=after, quick=True, **more)


def fill(request: Request) -> str:
    """Now and then the right thing."""
    seed = request.seed or 0
    if "ROUND = [" in request.prompt:
        return "2" if seed % 2 == 0 else f"-{seed}"
    if "HOLE shop/money.py" in request.prompt:
        return "round(amount, ROUND)"
    return "cents(sum(prices))" if seed % 2 == 0 else f"cents(sum(prices[{seed}:]))"


def items(session: Session, kind: type) -> list[Any]:
    return [entry.item for entry in session.entries if isinstance(entry.item, kind)]


def run(shop: Shop, budget: Budget | None = None, *, goes_on: bool = False) -> list[Event]:
    # The tree is as it was at first, and so is what its tests say.
    turn = shop.pipeline.turn(shop.report(), Meter(budget or Budget(steps=20)), shop.control, goes_on=goes_on)
    return list(turn)


def reason(events: Sequence[Event]) -> str:
    assert isinstance(events[-1], TurnEnded)
    return events[-1].reason


def asked(*shops: Shop) -> list[Request]:
    """All that the model was asked, with the seeds."""
    return [request for shop in shops for request in shop.provider.requests]


def files(shop: Shop) -> dict[str, str]:
    return {path: shop.file(path) for path in FILES}


@pytest.fixture(params=REPLIES)
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def full(tmp_path: Path, kind: Kind) -> Shop:
    """One that nobody stopped."""
    shop = shop_of(tmp_path / "full", kind)
    assert reason(run(shop)) == "done"
    assert files(shop) != FILES
    return shop


def test_one_step_at_a_time(tmp_path: Path, kind: Kind, full: Shop) -> None:
    shops = [shop_of(tmp_path / "0", kind)]
    events = run(shops[0], Budget(steps=1))
    while reason(events) == "budget":
        shops.append(shop_of(tmp_path / str(len(shops)), kind, shops[-1]))
        events = run(shops[-1], Budget(steps=1), goes_on=True)
    last = shops[-1]
    assert reason(events) == "done"
    assert len(shops) > 4
    assert files(last) == files(full)
    # Each question is asked once, with its own seed, and what it brings is tested once.
    assert asked(*shops) == asked(full)
    assert items(last.session, Tried) == items(full.session, Tried)
    assert first_difference(full.session.entries, last.session.entries) is None


def test_wherever_it_was_killed(tmp_path: Path, kind: Kind, full: Shop) -> None:
    lines = (full.session.folder / LOG).read_bytes().splitlines(keepends=True)
    for count in range(2, len(lines), max(3, len(lines) // 12)):
        killed = shop_of(tmp_path / f"{count}-killed", kind)
        killed.session.close()
        (killed.session.folder / LOG).write_bytes(b"".join(lines[:count]))
        killed.session = Session.load(killed.session.folder)
        left = len(items(killed.session, Replied))
        shop = shop_of(tmp_path / str(count), kind, killed)
        assert reason(run(shop, goes_on=True)) == "done"
        assert files(shop) == files(full)
        assert asked(shop) == asked(full)[left:]
        assert shop.session.dangling() == []
        assert items(shop.session, Tried) == items(full.session, Tried)


def test_what_it_did_before_is_not_shown_again(tmp_path: Path) -> None:
    first = shop_of(tmp_path / "first", "definitions")
    run(first, Budget(steps=5))
    again = shop_of(tmp_path / "again", "definitions", first)
    kept = [one.text for one in run(again, goes_on=True) if isinstance(one, Notice) and "kept" in one.text]
    assert kept == ["kept: 3 passed"]


def stopped_with(folder: Path, kind: str, old: str, new: str) -> Shop:
    """One that was stopped, and whose log says something else in the second entry of this kind."""
    shop = shop_of(folder, "definitions")
    run(shop, Budget(steps=3))
    shop.session.close()
    log = shop.session.folder / LOG
    lines = log.read_text().splitlines(keepends=True)
    at = [number for number, line in enumerate(lines) if f'"kind":"{kind}"' in line][1]
    assert old in lines[at]
    lines[at] = lines[at].replace(old, new)
    log.write_text("".join(lines))
    shop.session = Session.load(shop.session.folder)
    return shop


def test_where_it_comes_to_other_questions_it_goes_on_without_the_answers(tmp_path: Path) -> None:
    first = stopped_with(tmp_path / "first", "Said", "Suppose that", "Imagine that")
    again = Shop(tmp_path / "again", [FIX_CART, FIX_MONEY], after=first, quick=True)
    events = run(again, goes_on=True)
    assert reason(events) == "done"
    assert [one.level for one in events if isinstance(one, Notice) and "another way" in one.text] == ["warning"]


def test_a_log_that_does_not_follow_from_its_answers_is_refused(tmp_path: Path) -> None:
    first = stopped_with(
        tmp_path / "first", "Replied", "no block", NOWHERE.replace('"', '\\"').replace("\n", "\\n")
    )
    again = shop_of(tmp_path / "again", "definitions", first)
    with pytest.raises(StateError, match="cannot be resumed"):
        run(again, goes_on=True)


def test_what_came_to_its_own_end_has_no_record(full: Shop) -> None:
    assert record_of(full.session.entries) is None
    assert record_of([one for one in full.session.entries if not isinstance(one.item, Said)]) is None
