"""Every named request, as it is sent. To write the golden files anew: python tests/dialects/requests.py"""

from __future__ import annotations

import pytest

from dialects.requests import GOLDEN, PROFILES, Talk, dialect, switches, tables, talks
from r1code.dialects.base import ChatMessage
from r1code.types import Message

FILES = tables()
NATIVE = [name for name, profile in PROFILES.items() if profile.dialect == "native"]
TALKS = {**{f"native: {name}": talk for name, talk in talks(True).items()}, **switches()}


@pytest.mark.parametrize("name", FILES)
def test_a_request_is_sent_as_it_stands_in_the_golden_file(name: str) -> None:
    assert FILES[name] == (GOLDEN / name).read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.glob("*.txt")} == set(FILES)


@pytest.mark.parametrize("who", PROFILES)
@pytest.mark.parametrize("name", TALKS)
def test_more_history_changes_no_earlier_message(name: str, who: str) -> None:
    speaker, history = dialect(PROFILES[who]), TALKS[name].history
    whole = speaker.render("Rules.", history)
    for size in range(1, len(history)):
        if history[size].role == "observation":
            continue
        begun = speaker.render("Rules.", history[:size])
        *earlier, last = begun
        assert whole[: len(earlier)] == tuple(earlier)
        # Its text may go on: what a model answered with nothing is left out.
        assert whole[len(earlier)].content.startswith(last.content)


@pytest.mark.parametrize("who", NATIVE)
@pytest.mark.parametrize("name", TALKS)
def test_each_function_call_is_answered_once_before_anything_else_is_said(name: str, who: str) -> None:
    talk = TALKS[name]
    messages = dialect(PROFILES[who]).render("Rules.", [*talk.history, Message(role="user", text="Go on.")])
    waiting: set[str] = set()
    seen: set[str] = set()
    for message in messages:
        if message.role == "tool":
            assert message.tool_call_id in waiting
            waiting.discard(str(message.tool_call_id))
            continue
        assert waiting == set()
        waiting = {call.id for call in message.tool_calls}
        assert len(waiting) == len(message.tool_calls)
        assert not waiting & seen
        seen |= waiting
    assert waiting == set()
    _assert_reasoning(messages, demanded=PROFILES[who].replay == "tool_turns")


def _assert_reasoning(messages: tuple[ChatMessage, ...], *, demanded: bool) -> None:
    for message in messages:
        assert (message.reasoning_content is not None) == (demanded and message.role == "assistant")
        assert message.content is not None


@pytest.mark.parametrize("who", [name for name in PROFILES if name not in NATIVE])
@pytest.mark.parametrize("name", TALKS)
def test_r1_never_gets_reasoning_functions_or_an_empty_message(name: str, who: str) -> None:
    speaker = dialect(PROFILES[who])
    assert speaker.functions == ()
    for message in speaker.render("Rules.", TALKS[name].history):
        assert message.content
        assert (message.reasoning_content, message.tool_calls, message.tool_call_id) == (None, (), None)


def test_reasoning_of_another_model_is_not_sent_on() -> None:
    sent = dialect(PROFILES["a V4 that thinks (native)"]).render("Rules.", TALKS["from text to native"].history)
    assert [one.reasoning_content for one in sent if one.role == "assistant"] == ["", "", "A V4's own."]


def test_a_reply_is_the_same_calls_in_both_dialects() -> None:
    assert Talk(native=True).history == []
    for native, text in zip(talks(True).values(), talks(False).values(), strict=True):
        assert [one.calls for one in native.history] == [one.calls for one in text.history]
