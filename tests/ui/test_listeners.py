from __future__ import annotations

import functools
import io
import json
import operator
import os
import re
import time
from io import StringIO
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from r1code.events import CandidateEvent, CommandOutput, Event, ReasoningDelta, TextDelta, TurnStarted
from r1code.tools.toolset import ORDER
from r1code.types import EndReason, ExitCode, Status, ToolCall
from r1code.ui import describe
from r1code.ui.flow import cells
from r1code.ui.listener import Listener, listener_for
from r1code.ui.plain import JsonListener, PlainListener
from r1code.ui.render import RichListener
from r1code.ui.safe import HIDDEN
from ui.golden import FOLDER, FORMS, path_of, terminal, told
from ui.hostile import hostile
from ui.stories import STORIES, fixed
from ui.telling import HOSTILE

OURS = re.compile(r"\x1b\[[0-9;]*m")
"""The colours that a terminal gets; nothing else may come out."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("story", STORIES)
def test_a_story_reads_as_its_golden_transcript(story: str, form: str):
    assert told(STORIES[story](), form) == path_of(story, form).read_text(encoding="utf-8")


def test_every_golden_transcript_belongs_to_a_story():
    expected = {path_of(story, form).name for story in STORIES for form in FORMS}
    assert {path.name for path in FOLDER.iterdir()} == expected


def test_the_stories_tell_every_kind_of_event():
    told_kinds = {type(event) for make in STORIES.values() for event in make()}
    assert told_kinds == set(Event.__subclasses__())


@pytest.mark.parametrize("form", FORMS)
def test_no_control_character_comes_out_of_hostile_text(form: str):
    text = OURS.sub("", told(hostile(), form))
    assert HIDDEN.findall(text) == []
    assert not [c for c in text if ord(c) < 32 and c not in "\n\t"]


@pytest.mark.parametrize("form", ["plain", "ci", "80", "40"])
def test_no_foreign_text_begins_a_line_like_ours(form: str):
    lines = told(hostile(), form).splitlines()
    assert [line for line in lines if line.startswith("verdict: fixed")] == []
    assert [line for line in lines if line.startswith("fixed · exit code")] == []
    assert len([line for line in lines if line.startswith("verdict: ")]) == 1


@given(st.text(min_size=1))
def test_column_0_is_ours_whatever_the_model_writes(text: str):
    for form in ("plain", "80", "40"):
        events = [TextDelta(text=text), ReasoningDelta(text=text), CommandOutput(call_id="c", text=text)]
        lines = told(events, form).splitlines()
        assert [line for line in lines if line not in {"", "reasoning"} and line[0] not in " │"] == []


def test_no_line_of_a_ci_log_is_a_command():
    for line in told(hostile(), "ci").split("\n"):
        assert not line.strip().startswith("::")
        assert not re.search(r"##\w*\[", line)
        assert not re.search(r"section_(start|end):", line)


def test_json_without_a_surrogate_holds_no_control_character_either():
    text = told(hostile(HOSTILE.replace("\ud800", "")), "json")
    assert HIDDEN.findall(text) == []
    assert "##[" not in text
    assert json.loads(text.splitlines()[0])["text"] == HOSTILE.replace("\ud800", "")


def test_json_lines_say_what_was_said_and_hold_no_command():
    text = told(hostile(), "json")
    lines = text.splitlines()
    assert "##[" not in text
    assert json.loads(lines[0]) == {"event": "TurnStarted", "session": HOSTILE, "text": HOSTILE}
    assert len(lines) == len(hostile())


def test_json_lines_read_back_as_the_events_they_were():
    closed_union = functools.reduce(operator.or_, Event.__subclasses__())
    for story in ("fixed", "not_fixed", "others", "chinese", "candidates"):
        events, lines = STORIES[story](), told(STORIES[story](), "json").splitlines()
        assert [msgspec.json.decode(line, type=closed_union) for line in lines] == events


def test_a_terminal_without_colours_gets_the_same_words_as_with_them():
    for make in STORIES.values():
        assert OURS.sub("", told(make(), "color")) == told(make(), "80")


def test_words_of_a_pipe_and_of_a_wide_terminal_are_the_same():
    wide, pipe = StringIO(), StringIO()
    for listener in (terminal(10_000)(wide), PlainListener(pipe)):
        for event in fixed():
            listener.on(event)
        listener.close()
    stripped = "\n".join(line.rstrip() for line in pipe.getvalue().split("\n"))
    assert wide.getvalue() == stripped


@pytest.mark.parametrize("width", [40, 80])
def test_lines_keep_within_the_terminal(width: int):
    lines = [line for make in STORIES.values() for line in told(make(), str(width)).split("\n")]
    # What is there to be copied is never cut, a candidate's neither.
    long = [line for line in lines if cells(line) > width]
    too_long = [line for line in long if not line.removeprefix("[1] ").startswith("next: ")]
    assert too_long == []


def test_the_cost_of_a_delta_is_flat():
    def cost(count: int) -> tuple[int, float]:
        stream = StringIO()
        listener = terminal(80, color=True)(stream)
        began = time.process_time()
        for _ in range(count):
            listener.on(ReasoningDelta(text="thought "))
        listener.close()
        return len(stream.getvalue()), time.process_time() - began

    few_bytes, few_seconds = cost(1_000)
    many_bytes, many_seconds = cost(20_000)
    assert many_bytes < 20.5 * few_bytes
    assert many_seconds < 60 * few_seconds


def test_what_is_shown_is_never_drawn_again():
    stream = StringIO()
    listener = terminal(80, color=True)(stream)
    seen = ""
    for event in fixed():
        listener.on(event)
        assert stream.getvalue().startswith(seen)
        seen = stream.getvalue()
    assert not re.search(r"\x1b\[[0-9;?]*[A-HJKSThl]|\r", seen)


def test_a_long_output_is_bounded_however_it_comes():
    story = [CommandOutput(call_id="c", text="x" * 1_000) for _ in range(1_000)]
    assert len(told(story, "80")) < 100
    lines = [CommandOutput(call_id="c", text="line\n" * 100) for _ in range(1_000)]
    assert told(lines, "plain").count("\n") == 20


def test_outputs_of_two_commands_do_not_run_together():
    story = [CommandOutput(call_id="a", text="one"), CommandOutput(call_id="b", text="two")]
    assert told(story, "plain") == "  │ one\n  │ two\n"


def test_every_word_list_covers_its_type():
    assert set(describe._EXITS) == set(ExitCode)
    assert set(describe.REASONS) == set(EndReason.__args__)
    assert set(describe._MARKS) == set(Status.__args__)


class Tty(StringIO):
    def isatty(self):
        return True


def test_the_listener_follows_the_stream_and_the_flags():
    def kind(stream: StringIO, **options: Any) -> tuple[type, bool]:
        listener = listener_for(stream, **{"environ": {}, **options})
        listener.on(TurnStarted(session="s", text="t"))
        return type(listener), "\x1b[" in stream.getvalue()

    assert kind(StringIO()) == (PlainListener, False)
    assert kind(Tty()) == (RichListener, True)
    assert kind(Tty(), color="never") == (RichListener, False)
    assert kind(Tty(), environ={"NO_COLOR": "1"}) == (RichListener, False)
    assert kind(Tty(), environ={"NO_COLOR": ""}) == (RichListener, True)
    assert kind(Tty(), environ={"TERM": "dumb"}) == (RichListener, False)
    assert kind(StringIO(), color="always") == (RichListener, True)
    assert kind(Tty(), ci=True, color="always") == (PlainListener, False)
    assert kind(Tty(), json=True, color="always") == (JsonListener, False)


def tell_all(listener: Listener):
    for event in fixed():
        listener.on(event)


@pytest.mark.parametrize("form", FORMS)
def test_a_reader_that_leaves_is_told_once_and_then_forgotten(form: str):
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        listener = FORMS[form](stream)
        os.close(reading)
        with pytest.raises(BrokenPipeError):
            tell_all(listener)
        tell_all(listener)
        listener.close()


class Unread(StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("form", FORMS)
def test_a_broken_stream_without_a_descriptor_is_silent_after_the_first_error(form: str):
    listener = FORMS[form](Unread())
    with pytest.raises(BrokenPipeError):
        tell_all(listener)
    tell_all(listener)
    listener.close()


def test_a_stream_that_lacks_a_character_gets_an_escape_for_it():
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii", newline="") as stream:
        for listener in (PlainListener(stream), RichListener(Console(file=stream, color_system=None))):
            listener.on(TextDelta(text="总价\n"))
            listener.close()
        assert raw.getvalue() == b"  \\u603b\\u4ef7\n" * 2


def test_closing_completes_the_line_once():
    stream = StringIO()
    listener = PlainListener(stream)
    listener.on(TextDelta(text="half"))
    listener.on(CandidateEvent(candidate=1, inner=TextDelta(text="a candidate's half")))
    listener.close()
    listener.close()
    assert stream.getvalue() == "  half\n[1]   a candidate's half\n"


@pytest.mark.parametrize("name", ORDER)
def test_every_tool_has_a_card_that_a_person_can_read(name: str) -> None:
    given = {"path": "a.py", "content": "x\ny\n", "edits": [{}], "pattern": "p", "command": "ls", "to": "b.py"}
    shown = describe.card(ToolCall(id="c1", name=name, arguments=given))
    assert shown.startswith(name)
    assert "{" not in shown
    assert describe.card(ToolCall(id="c1", name="move", arguments=given)) == "move  a.py  to b.py"
