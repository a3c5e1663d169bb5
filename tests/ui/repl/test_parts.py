"""The parts of the prompt that can be looked at alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document

from r1code.events import CallFinished, CallStarted, Event, ReasoningDelta, ReplyReceived, StepStarted, TextDelta
from r1code.types import Observation, Spent, Tokens, ToolCall, Usage
from r1code.ui.flow import cells
from r1code.ui.piece import Piece
from r1code.ui.repl.chips import Chips
from r1code.ui.repl.commands import COMMANDS
from r1code.ui.repl.completion import Completions, ranked
from r1code.ui.repl.facts import Facts, status
from r1code.ui.repl.live import TAIL_LINES, Live, Tail
from r1code.ui.repl.narrator import Markdown, Narrator
from r1code.ui.repl.painting import Paint
from r1code.ui.repl.terminal import Terminal
from r1code.ui.repl.typed import Typed


def told(events: Iterable[Event], width: int = 80) -> str:
    narrator = Narrator(lambda: width)
    blocks = [block for event in events for block in narrator.tell(event)]
    blocks += narrator.end()
    return "".join(block.text if isinstance(block, Piece) else f"[{block.text}]\n" for block in blocks)


def test_every_command_does_something():
    for name, command in COMMANDS.items():
        assert name in import_module(f"r1code.ui.repl.commands.{command.module}").DOES


def test_reasoning_leaves_one_line_and_actions_one_card():
    call = ToolCall(
        id="c1", name="edit", arguments={"path": "a.py", "edits": [{"search": "old", "replace": "new"}]}
    )
    seen = Observation(call_id="c1", status="ok", text="edited a.py")
    shown = told(
        [
            StepStarted(step=1),
            ReasoningDelta(text="I think\nof many things."),
            TextDelta(text='Now.\n\n<edit path="a.py">\n<<<<<<< SEARCH\nold\n'),
            TextDelta(text="=======\nnew\n>>>>>>> REPLACE\n</edit>\n"),
            ReplyReceived(step=1, usage=Usage(), seconds=1.0),
            CallStarted(call=call),
            CallFinished(name="edit", observation=seen),
        ]
    )
    assert "many things" not in shown
    assert shown.count("thought ") == 1
    assert "[Now.]" in shown
    assert "SEARCH" not in shown
    assert "✓ edit  a.py  (1 edit)" in shown
    assert "    -old\n" in shown
    assert "    +new\n" in shown


def test_what_streams_is_the_same_however_it_was_cut():
    text = "One.\n\nTwo has `code`.\n\n```python\nx = 1\n```\n\n- a\n- b\n"
    whole = told([TextDelta(text=text)])
    assert told([TextDelta(text=character) for character in text]) == whole


@given(st.text(max_size=3_000), st.integers(min_value=8, max_value=120))
def test_a_tail_fits_in_its_lines_whatever_streams(text: str, width: int):
    tail = Tail()
    for at in range(0, len(text), 7):
        tail.feed(text[at : at + 7])
    lines = tail.lines(width)
    assert len(lines) <= TAIL_LINES
    assert all(cells(line) <= max(8, width) for line in lines)
    assert "\x1b" not in "".join(lines)


def test_a_tail_keeps_little_of_much():
    tail = Tail()
    for _ in range(10_000):
        tail.feed("a word and another one ")
    assert tail.characters == 230_000
    assert len(tail._text) <= 2_000


def test_the_meter_says_what_goes_on():
    now = [0.0]
    live = Live(lambda: now[0])
    live.begin("thinking")
    live.tail.feed("x" * 3_600)
    now[0] = 41.0
    pieces = live.pieces(80)
    assert pieces[-1].text == "  thinking · 41.0 s · ~1,000 tokens"
    assert len(pieces) == TAIL_LINES + 1
    assert len(live.pieces(80, tail=False)) == 1
    live.begin("")
    assert live.pieces(80) == []


def test_the_status_is_cut_from_its_end():
    spent = Spent(requests=1, prompt=Tokens(known=1_000), hit=Tokens(known=750), completion=Tokens(known=20))
    facts = Facts(profile="r1", model="deepseek-r1", branch="main", sandbox="docker", window=64_000)
    facts.context, facts.session = 12_345, spent
    assert status(facts, 200) == "r1 (deepseek-r1) · 12k of 64k (19%) · 75% cached · ⎇ main · docker · 20 out"
    for width in range(20, 90):
        assert cells(status(facts, width)) <= width
    assert status(facts, 30).startswith("r1 (deepseek-r1)")


PATHS = ["src/shop/cart.py", "tests/test_cart.py", "README.md", "src/carton/__init__.py", "docs/car.md"]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("cart", "src/shop/cart.py"),
        ("tc", "tests/test_cart.py"),
        ("readme", "README.md"),
        ("src/ca", "src/carton/__init__.py"),
    ],
)
def test_the_closest_name_is_offered_first(typed: str, first: str):
    assert ranked(typed, PATHS)[0] == first


def test_commands_and_mentions_are_completed_and_nothing_else():
    completions = Completions({"undo": "take back"}, lambda: PATHS, lambda: ["Cart", "read_all"])

    def offered(text: str) -> list[str]:
        return [one.text for one in completions.get_completions(Document(text), CompleteEvent())]

    assert offered("/un") == ["undo"]
    assert offered("see @read") == ["README.md", "read_all"]
    assert not {"Cart", "read_all"} & set(offered("see @"))
    assert offered("mail me@read") == []
    assert offered("either/or") == []
    assert offered("/undo x") == []


@given(st.text(min_size=1, max_size=300))
def test_short_pastes_stay_and_chips_become_whole_again(text: str):
    chips = Chips()
    long = f"{text}\n" * 10
    shown = f"see {chips.folded(long)} and [paste #9: that is none]"
    normal = long.replace("\r\n", "\n").replace("\r", "\n")
    assert chips.whole(shown) == f"see {normal} and [paste #9: that is none]"


def test_what_was_typed_is_found_again_newest_first_and_once(tmp_path: Path):
    file = tmp_path / "state/typed.jsonl"
    typed = Typed(file)
    for text in ("one", "two\nlines", "one"):
        typed.store_string(text)
    with file.open("a") as damaged:
        damaged.write('"half a li')
    assert list(Typed(file).load_history_strings()) == ["one", "two\nlines"]
    assert [json.loads(line) for line in file.read_text().splitlines()[:3]] == ["one", "two\nlines", "one"]
    assert file.stat().st_mode & 0o77 == 0


def test_frames_appear_at_once():
    stream = StringIO()
    terminal = Terminal(stream, lambda: Size(rows=24, columns=80), enable_cpr=False)
    terminal.is_synchronized = True
    terminal.held = True
    terminal.write_raw("above\r\n")
    terminal.flush()
    assert stream.getvalue() == ""
    terminal.held = False
    terminal.write_raw("below")
    terminal.flush()
    assert stream.getvalue() == "\x1b[?2026habove\r\nbelow\x1b[?2026l"


@pytest.mark.parametrize("colors", [None, "256"])
def test_markdown_keeps_off_column_0_and_hides_nothing(colors: str | None):
    paint = Paint(colors=colors)
    text = paint.text([Markdown("# Title\n\nA \x1b[31mline\x1b[0m with [a link](https://example.org).")], 60)
    assert all(line.startswith("  ") for line in text.splitlines() if line)
    assert "␛[31m" in text
    assert "https://example.org" in text
    assert "\x1b]8" not in text
    assert ("\x1b[" in text) == (colors is not None)
