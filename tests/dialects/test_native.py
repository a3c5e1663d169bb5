from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dialects.requests import SPECS
from dialects.strategies import CALLS
from r1code.dialects.function import RawCalls, raw_call
from r1code.dialects.native import NativeDialect
from r1code.dialects.text import TextDialect
from r1code.dialects.writing import write_parsed
from r1code.errors import FormatError
from r1code.types import RawCall, Reply, ToolCall

NATIVE = NativeDialect(SPECS)


def raw(name: str, **arguments: Any) -> RawCall:
    return RawCall(name=name, arguments=json.dumps(arguments))


def error(reply: Reply) -> str:
    with pytest.raises(FormatError) as caught:
        NATIVE.parse(reply, first_call=1)
    return str(caught.value)


def numbered(calls: list[ToolCall]) -> list[ToolCall]:
    return [
        ToolCall(id=f"c{number}", name=one.name, arguments=one.arguments) for number, one in enumerate(calls, 7)
    ]


@given(calls=st.lists(CALLS, min_size=1, max_size=3))
def test_what_is_rendered_parses_back(calls: list[ToolCall]) -> None:
    reply = Reply(text="", raw_calls=tuple(map(raw_call, calls)), finish="calls")
    assert list(NATIVE.parse(reply, first_call=7).calls) == numbered(calls)


@given(calls=st.lists(CALLS, min_size=1, max_size=3), text=st.sampled_from(["", "I look.", "好"]))
def test_both_dialects_mean_the_same(calls: list[ToolCall], text: str) -> None:
    said = Reply(text=text, raw_calls=(*map(raw_call, calls), raw("note", text="n"), raw("done", text="d")))
    native = NATIVE.parse(said, first_call=7)
    assert TextDialect().parse(Reply(text=write_parsed(native)), first_call=7) == native


PIECES = st.lists(
    st.builds(
        lambda name, arguments: RawCall(name=name, arguments=arguments),
        st.sampled_from(["read", "run", "done"]),
        st.text(max_size=12),
    ),
    min_size=1,
    max_size=4,
)


@given(
    calls=PIECES,
    size=st.integers(1, 12),
    indexed=st.booleans(),
    said=st.sampled_from([(ids, names) for ids in ("none", "first", "every") for names in ("first", "every")]),
)
def test_calls_are_put_together_however_a_server_cuts_and_numbers_them(
    calls: list[RawCall], size: int, indexed: bool, said: tuple[str, str]
) -> None:
    ids, names = said
    # Without a number and an id, only a name can say that a call begins.
    assume(indexed or ids == "every" or names == "first")
    whole = RawCalls()
    for number, call in enumerate(calls):
        pieces = [call.arguments[at : at + size] for at in range(0, max(1, len(call.arguments)), size)]
        for place, piece in enumerate(pieces):
            first = place == 0
            whole.feed(
                number if indexed else None,
                f"id{number}" if ids == "every" or (ids == "first" and first) else "",
                call.name if names == "every" or first else "",
                piece,
            )
    assert whole.whole() == tuple(calls)


def test_an_id_that_comes_later_begins_no_call_and_one_index_for_all_is_no_one_call() -> None:
    late = RawCalls()
    late.feed(0, "", "read", '{"pa')
    late.feed(0, "id0", "", 'th": "a"}')
    assert late.whole() == (RawCall(name="read", arguments='{"path": "a"}'),)
    alike = RawCalls()
    alike.feed(0, "id0", "read", "{}")
    alike.feed(0, "id1", "list", "{")
    alike.feed(0, "", "", "}")
    assert alike.whole() == (RawCall(name="read", arguments="{}"), RawCall(name="list", arguments="{}"))


BROKEN = {
    "cut arguments": (
        RawCall(name="read", arguments='{"path": "sr'),
        ["Call 1 (read)", "end in the middle", "12"],
    ),
    "cut after a comma": (RawCall(name="read", arguments='{"path": "a",'), ["end in the middle"]),
    "not JSON": (RawCall(name="read", arguments='{"path": a.py}'), ["no JSON", "line 1, column 10", "a.py"]),
    "two objects": (RawCall(name="read", arguments='{"path": "a"}{"path": "b"}'), ["no JSON", "Extra data"]),
    "a raw newline in a string": (
        RawCall(name="run", arguments='{"command": "a\nb"}'),
        ["Invalid control character"],
    ),
    "a list": (RawCall(name="read", arguments='["a.py"]'), ["a list", "one JSON object"]),
    "JSON in JSON": (RawCall(name="read", arguments='"{}"'), ["a text", "one JSON object"]),
    "null": (RawCall(name="test", arguments="null"), ["a single value"]),
    "a key twice": (RawCall(name="read", arguments='{"path": "a", "path": "b"}'), ["'path' is there twice"]),
    "not a number": (RawCall(name="read", arguments='{"path": NaN}'), ["NaN is no JSON"]),
    "too deep": (RawCall(name="read", arguments='{"path": ' + "[" * 100_000), ["nested too deeply"]),
    "unknown function": (raw("functions.read", path="a"), ["no function 'functions.read'", "read, list, search"]),
    "no name": (RawCall(name="", arguments="{}"), ["no function ''"]),
    "unknown argument": (raw("read", path="a", start=3), ["no argument 'start'", "path, lines"]),
    "missing argument": (raw("read"), ["needs the argument 'path'"]),
    "null for a needed one": (raw("read", path=None), ["needs the argument 'path'"]),
    "wrong type": (
        raw("read", path=["a"]),
        ["Call 1 (read) cannot be used", "Expected `str`, got `array`", "path"],
    ),
    "wrong type inside": (raw("edit", path="a", edits=[{"search": "x"}]), ["replace", "edits[0]"]),
    "not in the list": (raw("chmod", path="a", executable="true"), ["executable"]),
    "an ending without a text": (raw("done"), ["Call 1 (done) needs the argument 'text'"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_asked_for_again_precisely(name: str) -> None:
    call, parts = BROKEN[name]
    text = error(Reply(text="", raw_calls=(call,), finish="calls"))
    for part in parts:
        assert part in text
    again = error(Reply(text="", raw_calls=(raw("list"), call), finish="calls"))
    assert again == text.replace("Call 1", "Call 2")


REFUSED = [
    (Reply(text="", finish="calls"), "no call arrived"),
    (Reply(text="I look.", finish="calls"), "no call arrived"),
    (Reply(text="", reasoning="hm"), "empty after the reasoning"),
    (Reply(text="", raw_calls=(raw("list"),), finish="length"), "cut off"),
    (Reply(text="", raw_calls=(raw("list"),), finish="filter"), "content filter"),
    (Reply(text="", raw_calls=(raw("list"),), finish="repetition"), "repeated itself"),
    (Reply(text='I look.\n<read path="a.py"/>'), "an action as text"),
    (Reply(text="<edit path='a.py'>\nx\n</edit>"), "an action as text"),
    (
        Reply(text='{"name": "read", "arguments": {"path": "a"}}'),
        "Line 1: the call of 'read' is written as JSON",
    ),
    (Reply(text="<tool_call>\n{}\n</tool_call>"), "Line 1: <tool_call>"),
    (Reply(text="", raw_calls=(raw("done", text="a"), raw("question", text="b"))), "more than one way"),
    (
        Reply(text="\n<\uff5ctool\u2581calls\u2581begin\uff5c>", raw_calls=(raw("list"),)),
        "Line 2 holds the token <\uff5ctool\u2581calls\u2581begin\uff5c>",
    ),
]


@pytest.mark.parametrize(("reply", "part"), REFUSED)
def test_a_reply_that_is_no_answer_is_refused(reply: Reply, part: str) -> None:
    assert part in error(reply)


def test_what_servers_do_differently_is_read_all_the_same() -> None:
    reply = Reply(
        text="",
        raw_calls=(
            RawCall(name="test", arguments=""),
            RawCall(name="read", arguments='{"path": "a", "lines": null}'),
            RawCall(name="edit", arguments='{"path": "a", "edits": [{"search": "x", "replace": ""}]}'),
        ),
        finish="unknown",
    )
    assert [one.arguments for one in NATIVE.parse(reply, first_call=1).calls] == [
        {},
        {"path": "a"},
        {"path": "a", "edits": [{"search": "x\n", "replace": ""}]},
    ]


@given(name=st.sampled_from([*(spec.name for spec in SPECS), "done", "x"]), arguments=st.text(max_size=60))
def test_any_arguments_are_read_or_refused(name: str, arguments: str) -> None:
    with suppress(FormatError):
        NATIVE.parse(Reply(text="", raw_calls=(RawCall(name=name, arguments=arguments),)), first_call=1)


@given(call=CALLS, at=st.integers(0, 400))
def test_arguments_that_were_cut_anywhere_are_never_done(call: ToolCall, at: int) -> None:
    text = raw_call(call).arguments
    if 0 < at < len(text):
        error(Reply(text="", raw_calls=(RawCall(name=call.name, arguments=text[:at]),)))
