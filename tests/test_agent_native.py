"""The same loop with a model that calls functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fakes.house import House
from r1code.control import Control
from r1code.dialects.native import NativeDialect
from r1code.events import CallFinished, ReplyRejected
from r1code.providers.base import Delta
from r1code.providers.scripted import ScriptedReply
from r1code.repair.replay import ReplayedProvider
from r1code.session import Session
from r1code.types import Budget, RawCall

FILES = {"a.py": "x = 1\n"}


def calls(*named: tuple[str, Any], text: str = "", **more: Any) -> ScriptedReply:
    raw = tuple(
        RawCall(name=name, arguments=arguments if isinstance(arguments, str) else json.dumps(arguments))
        for name, arguments in named
    )
    return ScriptedReply(text=text, reasoning="hm", calls=raw, finish="calls", **more)


EDIT = ("edit", {"path": "a.py", "edits": [{"search": "x = 1", "replace": "x = 2"}]})
DONE = ("done", {"text": "x is 2."})


def test_functions_do_what_blocks_do(tmp_path: Path) -> None:
    house = House(
        tmp_path, [calls(EDIT, ("run", {"command": "cat a.py"})), calls(DONE)], files=FILES, native=True
    )
    house.sandbox.answers["cat a.py"] = (0, "x = 2\n")
    end = house.end()
    assert (end.reason, end.text) == ("done", "x is 2.")
    assert house.file("a.py") == "x = 2\n"
    first, second = house.provider.requests
    assert [one.name for one in first.functions][:4] == ["read", "list", "search", "edit"]
    assert first.functions == second.functions
    roles = [(one.role, one.tool_call_id) for one in second.messages]
    assert roles[2:] == [("assistant", None), ("tool", "c1"), ("tool", "c2")]
    assert second.messages[2].reasoning_content == "hm"


def test_a_malformed_call_is_asked_for_again_and_nothing_of_its_reply_is_done(tmp_path: Path) -> None:
    bad = calls(EDIT, ("run", '{"command": "rm -rf a'))
    house = House(tmp_path, [bad, calls(DONE)], files=FILES, native=True)
    events = house.turn()
    assert house.file("a.py") == "x = 1\n"
    [told] = [event.text for event in events if isinstance(event, ReplyRejected)]
    assert "Call 2 (run): its arguments end in the middle" in told
    assert [event for event in events if isinstance(event, CallFinished)] == []


def test_malformed_replies_end_the_turn_at_the_limit(tmp_path: Path) -> None:
    house = House(tmp_path, [calls(("read", "{")) for _ in range(5)], files=FILES, native=True)
    assert house.end(budget=Budget(format_errors=2)).reason == "format"
    assert len(house.provider.requests) == 3


def test_an_ending_counts_only_if_all_that_was_called_with_it_succeeded(tmp_path: Path) -> None:
    bad = ("edit", {"path": "a.py", "edits": [{"search": "y", "replace": "z"}]})
    house = House(tmp_path, [calls(bad, DONE), calls(EDIT, DONE)], files=FILES, native=True)
    assert house.end().reason == "done"
    assert house.file("a.py") == "x = 2\n"
    assert len(house.provider.requests) == 2


def test_a_log_has_the_calls_as_they_came_and_replays_them(tmp_path: Path) -> None:
    house = House(tmp_path, [calls(EDIT, text="I edit."), calls(DONE)], files=FILES, native=True)
    house.turn()
    house.session.close()
    loaded = Session.load(house.session.folder)
    try:
        again = ReplayedProvider(loaded.entries)
        items = list(again.stream(house.provider.requests[0], Control()))
        assert [one.name for one in items if isinstance(one, Delta) and one.field == "call"] == ["edit"]
        render = NativeDialect([]).render
        assert render("", loaded.history()) == render("", house.session.history())
        assert loaded.history()[1].raw_calls[0].name == "edit"
    finally:
        loaded.close()
