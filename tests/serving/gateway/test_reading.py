"""What is read of a question and of a stream, whatever the pieces are in which it comes."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import MsgspecError

from fakes.answers import DONE, chunk
from r1code.serving.gateway.asked import read_asked
from r1code.serving.gateway.limits import Limits
from r1code.serving.gateway.refusals import Refusal
from r1code.serving.gateway.sse import MOST, Events, Tally, TooLongError
from r1code.serving.gateway.store import Used

USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
STREAM = b"".join([
    chunk({"content": "a"}, usage={**USAGE, "completion_tokens": 1}),
    b": a comment\n\n",
    chunk({"content": "b"}, "stop"),
    chunk(None, usage=USAGE),
    DONE,
])  # fmt: skip


def seen(pieces: list[bytes], **shows: bool) -> tuple[bytes, Tally]:
    events, tally = Events(), Tally(3, **{"shows_usage": False, "shows_running_usage": False, **shows})
    shown = [tally.shown(event) for piece in pieces for event in events.fed(piece)]
    return b"".join(one for one in shown if one is not None), tally


@given(st.lists(st.integers(0, len(STREAM)), max_size=12), st.booleans())
def test_a_stream_reads_the_same_however_it_is_cut(cuts: list[int], windows: bool) -> None:
    stream = STREAM.replace(b"\n", b"\r\n") if windows else STREAM
    edges = sorted({0, len(stream), *cuts})
    whole, _ = seen([stream])
    shown, tally = seen([stream[start:end] for start, end in pairwise(edges)])
    assert shown == whole
    assert tally.used == Used(input=12, output=5, estimated=False)
    assert tally.done


def test_usage_is_shown_to_who_asked_and_to_nobody_else() -> None:
    assert b"usage" not in seen([STREAM])[0]
    last, _ = seen([STREAM], shows_usage=True)
    assert last.count(b'"usage"') == 1
    every, _ = seen([STREAM], shows_usage=True, shows_running_usage=True)
    assert every.count(b'"usage"') == 2


@given(st.integers(0, len(STREAM) - 1))
def test_a_stream_that_is_cut_is_counted_as_far_as_it_came(at: int) -> None:
    _, tally = seen([STREAM[:at]])
    assert not tally.done
    assert tally.used.output <= 5
    assert tally.used.estimated or b'"choices": []' in STREAM[:at]


def test_pieces_are_counted_where_a_server_does_not_count() -> None:
    _, tally = seen([chunk({"content": "a"}), chunk({"content": "b"}), DONE])
    assert tally.used == Used(input=3, output=2, estimated=True)


def test_what_is_no_event_of_a_chat_is_no_answer() -> None:
    for data in (b"data: {oops\n\n", b"data: []\n\n", b'data: {"choices": "none"}\n\n', b"data: \xff\n\n"):
        with pytest.raises(MsgspecError):
            seen([data])
    with pytest.raises(TooLongError):
        seen([b"data: " + b"x" * MOST])


def test_what_is_sent_is_written_anew_with_the_gateways_own_fields() -> None:
    raw = b'{"model": "m", "stream": true, "messages":[{"role":"user","content":"a","content":"b"}], "user": "u"}'
    asked = read_asked(raw, "/v1/chat/completions", Limits(), None)
    assert json.loads(asked.sent("salt")) == {
        "model": "m",
        "stream": True,
        "messages": [{"role": "user", "content": "b"}],
        "cache_salt": "salt",
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    }
    assert not asked.shows_usage


@settings(max_examples=25)
@given(st.dictionaries(st.text(min_size=1), st.none() | st.booleans() | st.integers() | st.text(), max_size=4))
def test_no_field_gets_through_that_is_not_named(extra: dict[str, object]) -> None:
    raw = json.dumps({**extra, **CHAT}, ensure_ascii=True).encode()
    try:
        asked = read_asked(raw, "/v1/chat/completions", Limits(), None)
    except Refusal:
        return
    known = {"model", "messages", "cache_salt", "stream", "stream_options", "max_tokens", "n", "stop", "seed"}
    assert set(json.loads(asked.sent("s"))) <= known | {"tools", "top_p", "top_k", "min_p", "user"}


def test_a_session_is_named_by_a_header_a_field_or_its_beginning() -> None:
    def named(header: str | None = None, **more: object) -> str:
        return read_asked(json.dumps({**CHAT, **more}).encode(), "/v1/chat/completions", Limits(), header).session

    assert named("h", session_id="f") == "h"
    assert named(None, session_id="f") == "f"
    longer = [*CHAT["messages"], {"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]
    assert named(messages=longer) == named(messages=longer[:2])
    assert named(messages=longer) != named(messages=[{"role": "user", "content": "other"}, *longer[1:]])


def test_an_answer_is_no_longer_than_the_limit_and_what_it_may_use_is_known() -> None:
    def read(limits: Limits, **more: object) -> tuple[object, int]:
        asked = read_asked(json.dumps({**CHAT, **more}).encode(), "/v1/chat/completions", limits, None)
        return asked.body.get("max_tokens"), asked.output

    assert read(Limits()) == (None, 4_096)
    assert read(Limits(), max_tokens=7, n=3) == (7, 21)
    assert read(Limits(max_tokens=9)) == (9, 9)
    assert read(Limits(max_tokens=9), max_completion_tokens=8) == (None, 8)
    for name in ("max_tokens", "max_completion_tokens"):
        with pytest.raises(Refusal, match="at most 9"):
            read(Limits(max_tokens=9), **{name: 10})
