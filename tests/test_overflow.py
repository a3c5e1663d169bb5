"""A server that takes less than r1code thought: what it refuses once is not sent to it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakes.chat import KEY, profile_at, provider
from fakes.house import House
from fakes.server import FakeServer, Reply
from r1code.budget import Meter
from r1code.compaction import overflows
from r1code.events import Event, HistoryCompacted, Notice, TurnEnded
from r1code.log import Overflowed
from r1code.profiles.profile import Sampling
from r1code.types import Budget

CONTEXT = 6_000
FILES = {f"f{number}.py": "".join(f"line {at} of f{number}\n" for at in range(300)) for number in range(9)}
"""Each is a good third of what the server takes."""
READS = [Reply(text=f'Now {path}.\n<read path="{path}"/>', reasoning="Hm.") for path in FILES]
ENDS = Reply(text="<done>ok</done>", reasoning="Good.")
SERVERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "it says what it takes": ({"style": "vllm"}, {}),
    "it counts the answer": ({"style": "openai"}, {"sampling": Sampling(max_tokens=2_500)}),
    "it does not say": ({"style": "openai", "tells": False}, {}),
}


def told(events: list[Event]) -> list[str]:
    return [one.text for one in events if isinstance(one, Notice) and "refused a prompt" in one.text]


@pytest.mark.parametrize("name", SERVERS)
def test_what_was_refused_once_is_not_sent_again(tmp_path: Path, name: str) -> None:
    of_server, of_profile = SERVERS[name]
    with (
        FakeServer([*READS, ENDS], key=KEY, context=CONTEXT, **of_server) as server,
        provider(server.url, KEY, **of_profile) as made,
    ):
        house = House(tmp_path, [], files=FILES, provider=made, profile=profile_at(server.url, **of_profile))
        events = house.turn()
    assert isinstance(events[-1], TurnEnded)
    assert (events[-1].reason, events[-1].steps) == ("done", len(FILES) + 1)
    assert len(server.rejected) == 1
    assert len(told(events)) == 1
    # From then on r1code looks after itself.
    assert sum(isinstance(one, HistoryCompacted) for one in events) > 1


@pytest.mark.parametrize("tells", [True, False])
def test_a_session_that_is_resumed_knows_it_still(tmp_path: Path, tells: bool) -> None:
    with (
        FakeServer([*READS, ENDS], key=KEY, style="openai", context=CONTEXT, tells=tells) as server,
        provider(server.url, KEY) as made,
    ):
        profile = profile_at(server.url)
        first = House(tmp_path, [], files=FILES, provider=made, profile=profile)
        assert first.end(budget=Budget(steps=5)).reason == "budget"
        again = House(tmp_path, [], provider=made, profile=profile, after=first)
        events = list(again.agent.turn(None, Meter(Budget()), again.control))
    assert events[-1].reason == "done"
    assert len(server.rejected) == sum(isinstance(one.item, Overflowed) for one in again.session.entries) == 1
    assert told(events) == []


def test_what_one_profiles_server_takes_says_nothing_of_anothers(tmp_path: Path) -> None:
    house = House(tmp_path, [])
    house.session.append(Overflowed(profile="other", size=10_000, window=8_192))
    assert overflows(house.session) == []
