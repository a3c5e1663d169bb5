from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.corpus import CASES, Case
from r1code.dialects.reasoning import Splitter
from r1code.dialects.text import FORMS, TextDialect, render_call, render_observation
from r1code.errors import FormatError
from r1code.types import Message, ToolCall

LINES = st.lists(
    st.sampled_from(
        [
            "",
            " ",
            "x = 1",
            "=======",
            "=========",
            "<<<<<<< SEARCH",
            ">>>>>>> REPLACE",
            "<<<<<<<<< SEARCH",
            ">>>>>>>>> REPLACE",
            "```python",
            "```",
            "</write>",
            "</write STOP>",
            "</edit>",
            "</run>",
            "<run>ls</run>",
            '<read path="a"/>',
            "<done>",
            "<think>",
            "</think>",
            "好",
            "\r",
            "last</write>",
        ]
    ),
    max_size=8,
).map("\n".join)
TEXT = st.one_of(LINES, LINES.map(lambda text: text + "\n"), st.text(max_size=40))
WHOLE_LINES = TEXT.map(lambda text: text and text.removesuffix("\n") + "\n")
PATHS = st.text(st.sampled_from("abc/._- 文'"), min_size=1, max_size=12).filter(
    lambda path: path == path.strip().strip("`*\"'").strip() and not path.startswith("./")
)
STRIPPED = TEXT.map(str.strip).filter(bool)


def call(name: str, **arguments: object) -> ToolCall:
    return ToolCall(id="c1", name=name, arguments=dict(arguments))


CALLS = st.one_of(
    st.builds(lambda path: call("read", path=path), PATHS),
    st.builds(lambda path: call("read", path=path, lines="3-7"), PATHS),
    st.builds(lambda path: call("list", path=path), PATHS),
    st.builds(lambda pattern, path: call("search", pattern=pattern, path=path), STRIPPED, PATHS),
    st.builds(lambda path, content: call("write", path=path, content=content), PATHS, TEXT),
    st.builds(lambda path, content: call("insert", path=path, into="C", content=content), PATHS, TEXT),
    st.builds(lambda content: call("patch", content=content), TEXT),
    st.builds(
        lambda path, edits: call("edit", path=path, edits=edits),
        PATHS,
        st.lists(
            st.builds(lambda search, replace: {"search": search, "replace": replace}, WHOLE_LINES, WHOLE_LINES),
            min_size=1,
            max_size=3,
        ),
    ),
    st.builds(lambda command: call("run", command=command), STRIPPED),
    st.builds(lambda command: call("run", command=command, background="web", ready="up"), STRIPPED),
    st.builds(
        lambda tool: ToolCall(id="c1", name=tool, arguments={"name": "web"}), st.sampled_from(["logs", "stop"])
    ),
    st.just(call("test")),
    st.builds(lambda selection: call("test", selection=selection), STRIPPED),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_ugly_replies_come_to_what_they_mean_at_every_chunk_split(case: Case) -> None:
    for at in range(len(case.raw) + 1):
        splitter = Splitter(case.start)
        splitter.feed("content", case.raw[:at])
        splitter.feed("content", case.raw[at:])
        split = splitter.finish()[1]
        if case.error:
            with pytest.raises(FormatError) as caught:
                TextDialect().parse(split.answer, reasoning=split.reasoning, finish=case.finish, first_call=1)
            for part in case.error:
                assert part in str(caught.value)
        else:
            parsed = TextDialect().parse(
                split.answer, reasoning=split.reasoning, finish=case.finish, first_call=1
            )
            assert [(call.name, call.arguments) for call in parsed.calls] == case.calls
            assert parsed.ending.kind == case.ending


@given(calls=st.lists(CALLS, min_size=1, max_size=3))
def test_what_is_rendered_parses_back(calls: list[ToolCall]) -> None:
    numbered = [
        ToolCall(id=f"c{number}", name=one.name, arguments=one.arguments) for number, one in enumerate(calls, 7)
    ]
    text = "\n".join(render_call(one) for one in numbered)
    parsed = TextDialect().parse(text, reasoning="", finish="stop", first_call=7)
    assert list(parsed.calls) == numbered


@given(text=st.one_of(TEXT, LINES.map(lambda text: f"<edit path='a'>\n{text}\n</edit>")))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        parsed = TextDialect().parse(text, reasoning="", finish="stop", first_call=1)
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
        "I look.\n<note>\nthe cache is in b.py\n</note>\n<read path='b.py'/>\nThen I edit.",
        reasoning="",
        finish="stop",
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
