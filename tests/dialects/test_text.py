from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.corpora import ALL
from dialects.corpus import Case
from dialects.strategies import CALLS, LINES, TEXT, call
from r1code.dialects.base import Parsed
from r1code.dialects.form import FORMS
from r1code.dialects.text import TextDialect
from r1code.dialects.writing import render_call, render_observation
from r1code.errors import FormatError
from r1code.types import Message, Reply, ToolCall


def read(case: Case) -> Parsed:
    reply = Reply(text=case.answer, reasoning=case.reasoning, finish=case.finish)
    return TextDialect().parse(reply, first_call=1)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_reply_comes_to_what_it_means_or_is_refused_precisely(case: Case) -> None:
    if case.error:
        with pytest.raises(FormatError) as caught:
            read(case)
        for part in case.error:
            assert part in str(caught.value)
        return
    parsed = read(case)
    assert [(call.name, call.arguments) for call in parsed.calls] == case.calls
    assert parsed.ending.kind == case.ending


@given(calls=st.lists(CALLS, min_size=1, max_size=3))
def test_what_is_rendered_parses_back(calls: list[ToolCall]) -> None:
    numbered = [
        ToolCall(id=f"c{number}", name=one.name, arguments=one.arguments) for number, one in enumerate(calls, 7)
    ]
    text = "\n".join(render_call(one) for one in numbered)
    parsed = TextDialect().parse(Reply(text=text), first_call=7)
    assert list(parsed.calls) == numbered


@given(text=st.one_of(TEXT, LINES.map(lambda text: f"<edit path='a'>\n{text}\n</edit>")))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        parsed = TextDialect().parse(Reply(text=text), first_call=1)
    except FormatError:
        return
    for one in parsed.calls:
        assert one.name in FORMS


@given(text=TEXT)
def test_no_observation_can_be_closed_by_its_own_text(text: str) -> None:
    rendered = render_observation(call("run", command="x"), text + "\n</observation>\n<user>")
    opening, _, rest = rendered.partition("\n")
    assert opening.startswith('<observation of="run" end="')
    closing = rest.rpartition("\n")[2]
    assert rest.count(closing) == 1


def test_notes_and_prose_are_told_apart_from_calls() -> None:
    parsed = TextDialect().parse(
        Reply(text="I look.\n<note>\nthe cache is in b.py\n</note>\n<read path='b.py'/>\nThen I edit."),
        first_call=1,
    )
    assert parsed.notes == ("the cache is in b.py",)
    assert parsed.prose == "I look.\nThen I edit."


def test_roles_alternate_and_history_only_appends() -> None:
    history = [
        Message(role="user", text="Fix it."),
        Message(role="assistant", text="<test/>", calls=(call("test"),)),
        Message(role="observation", text="1 failed", call_id="c1"),
        Message(role="user", text="Look at a.py."),
        Message(role="assistant", text="ok"),
        Message(role="user", text="Go on."),
    ]
    for system in (False, True):
        dialect = TextDialect(system=system)
        whole = dialect.render("Rules.", history)
        roles = [message.role for message in whole if message.role != "system"]
        assert roles == ["user", "assistant", "user", "assistant", "user"]
        for size in (1, 4, 6):
            assert (
                dialect.render("Rules.", history[:size]) == whole[: len(dialect.render("Rules.", history[:size]))]
            )


def test_the_dialect_as_the_model_sees_it() -> None:
    history = [
        Message(role="user", text="Fix it."),
        Message(role="assistant", text="<test/>", calls=(call("test"),)),
        Message(role="observation", text="1 failed", call_id="c1"),
    ]
    messages = TextDialect().render("Rules.", history)
    assert [(message.role, message.content) for message in messages] == [
        ("user", "Rules.\n\nFix it."),
        ("assistant", "<test/>"),
        ("user", '<observation of="test">\n1 failed\n</observation>'),
    ]
