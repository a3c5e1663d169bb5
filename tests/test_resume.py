"""A turn that a budget stopped, and that goes on with another one, ends as one that was never stopped."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from fakes.house import House
from r1code.app.stopped import last_session, stopped_session
from r1code.errors import UsageError
from r1code.events import TurnEnded
from r1code.log import Called, Observed, Replied, Resumed, Said
from r1code.profiles import Price, Profile, find_profile
from r1code.providers.scripted import ScriptedReply
from r1code.repair.replay import ReplayedProvider, first_difference, whole
from r1code.types import Budget, Limit, Usage

PRICE = Price(currency="USD", date="2026-01-01", source="x", hit=0.5, miss=1.0, output=4.0)
CAT = {"cat b.py": (0, "y = 2\n")}
FILES = {"a.py": "x = 1\n", "b.py": "y = 1\n"}
USED = Usage(prompt=400, cached=0, completion=600, reasoning=500)


def says(text: str, **more: object) -> ScriptedReply:
    return ScriptedReply(text=text, reasoning="hm", usage=USED, **more)


STEPS = [
    says('<read path="a.py"/>\n<read path="b.py"/>'),
    says('<edit path="a.py">\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n</edit>'),
    # It cannot be read, and the model is told so.
    says('<read path="a.py"'),
    # A whole file may be written by who has read it: what was read before the stop counts.
    says('<write path="b.py">\ny = 2\n</write>'),
    # No action: the model is nudged, once.
    says("Now it should be fine."),
    says('<run>cat b.py</run>\n<write path="c.py">\nz = 3\n</write>'),
    says("<done>\nAll of it.\n</done>"),
]
ENOUGH: dict[Limit, Budget] = {
    "steps": Budget(steps=3),
    "tokens": Budget(tokens=4000),
    "reasoning_tokens": Budget(reasoning_tokens=2300),
    "cost": Budget(cost=Decimal("0.011")),
    "seconds": Budget(seconds=0.7),
}


def profile() -> Profile:
    return replace(find_profile("scripted"), price=PRICE, context_window=32_768, max_output=2000)


def house(folder: Path, replies: list[ScriptedReply], after: House | None = None) -> House:
    files = FILES if after is None else None
    return House(folder, replies, files=files, sandbox=CAT, profile=profile(), after=after)


def left(one: House) -> list[ScriptedReply]:
    """What the model has not said yet; a reply that the budget cut off was none."""
    return STEPS[sum(isinstance(entry.item, Replied) for entry in one.session.entries) :]


def files(one: House) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(one.root.iterdir())}


@pytest.fixture(scope="module")
def unstopped(tmp_path_factory: pytest.TempPathFactory) -> House:
    one = house(tmp_path_factory.mktemp("unstopped"), STEPS)
    assert one.end().reason == "done"
    return one


def same_end(one: House, other: House) -> None:
    assert files(one) == files(other) == {"a.py": "x = 2\n", "b.py": "y = 2\n", "c.py": "z = 3\n"}
    assert first_difference(other.session.entries, one.session.entries) is None
    actions = [
        [entry.item for entry in log.session.entries if isinstance(entry.item, Called)] for log in (one, other)
    ]
    assert actions[0] == actions[1] != []
    assert one.session.history() == other.session.history()
    seen = [entry.item.observation for entry in one.session.entries if isinstance(entry.item, Observed)]
    assert {observation.status for observation in seen} == {"ok"}


@pytest.mark.parametrize("limit", ENOUGH)
def test_each_budget_stops_in_order_and_resumes_to_the_same_end(
    tmp_path: Path, unstopped: House, limit: Limit
) -> None:
    replies = list(STEPS)
    if limit == "seconds":
        replies[3] = replace(replies[3], hang_after=1)
    one = house(tmp_path, replies)
    began = time.monotonic()
    end = one.end(budget=ENOUGH[limit])
    assert (end.reason, end.limit) == ("budget", limit)
    assert time.monotonic() - began < 5
    assert 0 < len(left(one)) < len(STEPS)
    assert one.session.dangling() == []
    again = house(tmp_path, left(one), after=one)
    assert again.resume().reason == "done"
    same_end(again, unstopped)


@pytest.mark.parametrize("steps", range(len(STEPS)))
def test_wherever_it_was_stopped(tmp_path: Path, unstopped: House, steps: int) -> None:
    one = house(tmp_path, STEPS)
    assert one.end(budget=Budget(steps=steps)).limit == "steps"
    assert len(left(one)) == len(STEPS) - steps
    again = house(tmp_path, left(one), after=one)
    assert again.resume().reason == "done"
    same_end(again, unstopped)


def test_one_step_at_a_time(tmp_path: Path, unstopped: House) -> None:
    one = house(tmp_path, STEPS)
    end = one.end(budget=Budget(steps=1))
    while end.reason == "budget":
        one = house(tmp_path, left(one), after=one)
        end = one.resume(Budget(steps=1))
    assert end.reason == "done"
    assert sum(isinstance(entry.item, Resumed) for entry in one.session.entries) == len(STEPS) - 1
    same_end(one, unstopped)


def test_an_answer_that_a_budget_cut_off_is_asked_for_again(tmp_path: Path, unstopped: House) -> None:
    replies = list(STEPS)
    replies[2] = replace(says('<read path="a.'), finish="length")
    one = house(tmp_path, replies)
    # The third request gets less than the 2,000 tokens that the profile allows.
    end = one.end(budget=Budget(tokens=4200))
    assert (end.reason, end.limit, end.steps) == ("budget", "tokens", 3)
    assert "cut off" in end.text
    assert end.spent.requests == 3
    said = [entry.item.origin for entry in one.session.entries if isinstance(entry.item, Said)]
    assert said == ["task"]
    again = house(tmp_path, left(one), after=one)
    assert again.resume().reason == "done"
    same_end(again, unstopped)


def test_a_resumed_session_is_replayed_as_one(tmp_path: Path, unstopped: House) -> None:
    one = house(tmp_path, STEPS)
    one.end(budget=Budget(tokens=4000))
    again = house(tmp_path, left(one), after=one)
    again.resume(Budget(tokens=1500))
    last = house(tmp_path, left(again), after=again)
    last.resume()
    entries = last.session.entries
    assert first_difference(unstopped.session.entries, whole(entries)) is None
    replayed = House(
        tmp_path / "replay",
        [],
        files=FILES,
        sandbox=CAT,
        provider=ReplayedProvider(entries),
        profile=replace(profile(), reasoning="none"),
    )
    replayed.turn()
    assert first_difference(entries, replayed.session.entries) is None


def test_a_stop_is_replayed_as_a_stop(tmp_path: Path) -> None:
    one = house(tmp_path, STEPS)
    end = one.end(budget=Budget(cost=Decimal("0.011")))
    replayed = House(
        tmp_path / "replay",
        [],
        files=FILES,
        provider=ReplayedProvider(one.session.entries),
        profile=replace(profile(), reasoning="none"),
    )
    *_, last = replayed.turn()
    assert isinstance(last, TurnEnded)
    assert (last.reason, last.limit, last.text) == ("budget", "cost", end.text)
    assert first_difference(one.session.entries, replayed.session.entries) is None


def test_what_came_to_its_end_is_not_resumed(tmp_path: Path) -> None:
    one = house(tmp_path, STEPS)
    one.end()
    one.session.close()
    with pytest.raises(UsageError, match="its last turn came to its own end"):
        stopped_session(one.session.folder)


def test_the_last_session_of_a_folder_is_found(tmp_path: Path) -> None:
    one = house(tmp_path, STEPS)
    one.end(budget=Budget(steps=1))
    one.session.close()
    (one.session.folder.parent / "9-other").mkdir()
    assert last_session(one.session.folder.parent, one.root) == one.session.folder
    assert stopped_session(one.session.folder).opened.root == str(one.root)
