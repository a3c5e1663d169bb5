"""Calls of functions over the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakes.chat import ask, provider
from fakes.server import DONE, USAGE, Answer, FakeServer, chunk
from r1code.control import Control
from r1code.dialects.base import ChatMessage, Function, Request, WireCall, WireFunction
from r1code.dialects.function import RawCalls
from r1code.providers.base import Delta
from r1code.types import RawCall

WANTED = (
    RawCall(name="read", arguments='{"path": "源/a.py"}'),
    RawCall(name="run", arguments='{"command": "printf \'%s\\\\n\' 1"}'),
)


def put_together(deltas: list[Delta]) -> tuple[RawCall, ...]:
    calls = RawCalls()
    for delta in deltas:
        if delta.field == "call":
            calls.feed(delta.index, delta.call_id, delta.name, delta.text)
    return calls.whole()


def pieces(size: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for index, call in enumerate(WANTED):
        head = {"index": index, "id": f"call_{index}", "type": "function"}
        found.append({**head, "function": {"name": call.name, "arguments": ""}})
        found += [
            {"index": index, "function": {"arguments": call.arguments[at : at + size]}}
            for at in range(0, len(call.arguments), size)
        ]
    return found


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("merged", [1, 2, 100])
def test_calls_are_read_however_their_pieces_are_cut_and_merged(size: int, merged: int) -> None:
    parts = pieces(size)
    steps = [
        chunk({"role": "assistant", "content": None, "reasoning_content": ""}),
        chunk({"content": "I look."}),
    ]
    steps += [chunk({"tool_calls": parts[at : at + merged]}) for at in range(0, len(parts), merged)]
    steps += [chunk({}, "tool_calls", usage=USAGE), DONE]
    with FakeServer([Answer(steps)]) as server:
        deltas, done = ask(server)
    assert put_together(deltas) == WANTED
    assert [one.text for one in deltas if one.field == "content"] == ["I look."]
    assert done.finish == "calls"


def test_arguments_may_come_as_an_object_and_without_an_index() -> None:
    calls = [
        {"id": "x", "function": {"name": "read", "arguments": {"path": "a"}}},
        {"function": {"name": "test"}},
    ]
    steps = [chunk({"tool_calls": calls}), chunk({}, "tool_calls"), DONE]
    with FakeServer([Answer(steps)]) as server:
        deltas, _ = ask(server)
    assert put_together(deltas) == (
        RawCall(name="read", arguments='{"path":"a"}'),
        RawCall(name="test", arguments=""),
    )


def test_an_end_with_calls_and_without_any_is_an_answer_for_the_dialect_to_refuse() -> None:
    with FakeServer([Answer([chunk({"tool_calls": []}), chunk({}, "tool_calls"), DONE])]) as server:
        deltas, done = ask(server)
    assert (deltas, done.finish) == ([], "calls")


def test_functions_and_earlier_calls_are_sent_in_the_shape_of_the_wire() -> None:
    call = WireCall(id="c1", function=WireFunction(name="read", arguments="{}"))
    request = Request(
        messages=(
            ChatMessage(role="user", content="Hi"),
            ChatMessage(role="assistant", content="", reasoning_content="", tool_calls=(call,)),
            ChatMessage(role="tool", content="x", tool_call_id="c1"),
        ),
        functions=(Function(name="read", description="Shows.", parameters={"type": "object"}),),
    )
    with FakeServer([Answer([chunk({"content": "ok"}, "stop"), DONE])]) as server:
        with provider(server.url) as made:
            list(made.stream(request, Control()))
        body = server.seen[0].body
    assert body["tools"] == [
        {
            "type": "function",
            "function": {"name": "read", "description": "Shows.", "parameters": {"type": "object"}},
        }
    ]
    assert json.loads(json.dumps(body["messages"])) == [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": "",
            "reasoning_content": "",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "read", "arguments": "{}"}}],
        },
        {"role": "tool", "content": "x", "tool_call_id": "c1"},
    ]


def test_without_functions_none_are_sent() -> None:
    with FakeServer([Answer([chunk({"content": "ok"}, "stop"), DONE])]) as server:
        ask(server)
        assert "tools" not in server.seen[0].body
