"""What is shown to somebody who looks elsewhere, and to somebody who listens."""

from __future__ import annotations

import io

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.output.vt100 import Vt100_Output

from r1code.config import Config
from r1code.events import CallFinished, CallStarted, Event, ReasoningDelta, TextDelta
from r1code.types import Observation, ToolCall
from r1code.ui.piece import Piece
from r1code.ui.repl.attention import Attention, way_of
from r1code.ui.repl.looks import Looks, looks_of
from r1code.ui.repl.narrator import Narrator

CALL = ToolCall(id="c1", name="run", arguments={"command": "ls"})
EVENTS: list[Event] = [
    ReasoningDelta(text="I think.\n"),
    TextDelta(text="So.\n\n"),
    CallStarted(call=CALL),
    CallFinished(name="run", observation=Observation(call_id="c1", status="ok", text="a.py\n")),
]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def attention(looks: Looks, name: str = "shop", **environ: str) -> tuple[Attention, io.StringIO, Clock]:
    stream, clock = io.StringIO(), Clock()
    output = Vt100_Output(stream, lambda: Size(rows=24, columns=80), term="xterm")
    return Attention(output, looks, name, environ=environ, clock=clock), stream, clock


def test_the_title_says_what_goes_on_and_is_given_back() -> None:
    attends, stream, _ = attention(Looks())
    attends.open()
    attends.works()
    attends.asks()
    attends.answered()
    attends.rests()
    attends.close()
    told = stream.getvalue()
    titles = [part.split("\x07")[0] for part in told.split("\x1b]2;")[1:]]
    shop = "r1code · shop"
    assert titles == [shop, f"{shop} · works", f"{shop} · asks", f"{shop} · works", shop, ""]
    assert told.startswith("\x1b[22;2t")
    assert told.endswith("\x1b[23;2t")


def test_a_long_turn_and_a_question_call_and_a_short_turn_does_not() -> None:
    attends, stream, clock = attention(Looks(title=False, notify_seconds=20))
    attends.works()
    clock.now = 19
    attends.rests()
    assert not stream.getvalue()
    attends.works()
    clock.now = 60
    attends.rests()
    attends.asks()
    assert stream.getvalue() == "\x07\x07"


@pytest.mark.parametrize(
    ("environ", "way"),
    [
        ({"TERM_PROGRAM": "iTerm.app"}, "osc9"),
        ({"KITTY_WINDOW_ID": "1"}, "osc9"),
        ({"KITTY_WINDOW_ID": "1", "TMUX": "/tmp/tmux"}, "bell"),
        ({"TERM": "rxvt-unicode"}, "osc777"),
        ({"TERM": "xterm"}, "bell"),
    ],
)
def test_the_terminal_is_called_in_its_own_way(environ: dict[str, str], way: str) -> None:
    assert way_of("auto", environ) == way
    assert way_of("off", environ) == "off"


def test_a_project_cannot_write_to_the_terminal_by_its_name() -> None:
    for notify in ("osc9", "osc777"):
        attends, stream, _ = attention(Looks(notify=notify, title=False), name="a\x1b]52;c;x\x07b;c")
        attends.asks()
        told = stream.getvalue()
        assert (told.count("\x1b"), told.count("\x07")) == (1, 1)
        assert told.count(";") <= 4


def test_for_a_screen_reader_all_is_said_in_words_and_once() -> None:
    looks = looks_of(Config(screen_reader=True, keys="vi"), {"TERM": "xterm"})
    assert looks == Looks(reasoning="hidden", animated=False, spoken=True, keys="vi")
    narrator = Narrator(lambda: 80, looks)
    told = "".join(block.text for event in EVENTS for block in narrator.tell(event) if isinstance(block, Piece))
    assert not set("✓✗│") & set(told)
    assert [line.split(" · ")[0].strip() for line in told.splitlines()] == [
        "thinking",
        "thought 0.0 s",
        "run  ls",
        "ok run  ls",
        "a.py",
    ]


def test_lines_stay_as_they_are_without_animation() -> None:
    narrator = Narrator(lambda: 80, looks_of(Config(animation=False), {"TERM": "xterm"}))
    list(narrator.tell(ReasoningDelta(text="one\n")))
    first = narrator.live.pieces(80, animated=False)
    list(narrator.tell(ReasoningDelta(text="two\n")))
    assert narrator.live.pieces(80, animated=False) == first == [Piece("  thinking", "strong")]
