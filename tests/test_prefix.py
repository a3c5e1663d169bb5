"""The prefix is a contract: a server never computes twice what it computed for the request before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fakes.prompts import render, tokens
from fakes.server import FakeServer
from fakes.thirty_steps import FILES, WAYS, Prompts, house_on, replies, said, task_of, thirty_steps
from r1code.events import HistoryCompacted
from r1code.profiles import Profile
from r1code.profiles.template import rendered


@pytest.mark.parametrize("name", WAYS)
def test_thirty_steps_change_the_prefix_once_for_each_compaction(tmp_path: Path, name: str) -> None:
    way = WAYS[name]
    with (
        FakeServer(replies(way), style=way.style, template=way.template) as server,
        house_on(server, tmp_path, way, prompt=7_000) as house,
    ):
        events = thirty_steps(house)
        assert events[-1].text == "All."
        assert server.rejected == []
        seen = Prompts(server, way.template)
        assert len(seen.bodies) >= 30
        texts, stems, turned, changed = seen.texts, seen.stems, seen.turned, seen.changed
        compactions = sum(isinstance(event, HistoryCompacted) for event in events)
        assert len(changed) == compactions
        assert compactions in {1, 2}
        assert any(texts[turned].startswith(stem.removesuffix("\n")) for stem in stems[turned - 3 : turned])
        _assert_hits(server, stems, changed, turned)
        _assert_rendered(house.profile, seen.bodies, changed, turned)


def _assert_hits(server: FakeServer, stems: list[str], changed: Sequence[int], turned: int) -> None:
    """Nearly all that could hit did: whole units of the request before, but where the history was shortened."""
    unit = server.host.unit
    could = {
        n: len(tokens(stems[n - 1])) // unit * unit
        for n in range(1, len(stems))
        if n not in changed and n != turned
    }
    hit = sum(min(server.cached[n], could[n]) for n in could)
    assert hit >= 0.99 * sum(could.values())
    # What was said before and is taken up again is known, too; a shortened history begins as the long one.
    assert server.cached[turned] >= 0.8 * could[turned - 1]
    begin = (len(tokens(stems[0])) // unit - 1) * unit
    if server.host.cache == "blocks":
        assert all(server.cached[n] >= begin for n in changed)


def _assert_rendered(profile: Profile, bodies: list[Any], changed: Sequence[int], turned: int) -> None:
    """The same by the profile's own template, where it knows one."""
    pairs = [[(one["role"], one["content"]) for one in body] for body in bodies]
    if profile.template is None:
        return
    for n in range(1, len(pairs)):
        stem = rendered(profile, pairs[n - 1], generation=False)
        assert stem is not None
        if n not in changed and n != turned:
            assert str(rendered(profile, pairs[n])).startswith(stem)


@pytest.mark.parametrize("name", WAYS)
def test_two_sessions_on_equal_trees_share_everything_up_to_the_task(tmp_path: Path, name: str) -> None:
    way = WAYS[name]
    with FakeServer([said("<done>ok</done>", way)], style=way.style, template=way.template) as server:
        for number, task in enumerate(("Make f1 add 2.", "Write a README.")):
            with house_on(server, tmp_path / str(number), way) as house:
                house.turn(task_of(FILES, task))
        first, second = (render(seen.body["messages"], way.template) for seen in server.chats)
    common = next(at for at, (one, other) in enumerate(zip(first, second, strict=False)) if one != other)
    assert first[:common].endswith("Task: ")
    assert server.chats[0].body.get("tools") == server.chats[1].body.get("tools")
    unit = server.host.unit
    if server.host.cache == "blocks":
        assert server.cached[1] >= len(tokens(first[:common])) // unit * unit
