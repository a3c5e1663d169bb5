from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.output.vt100 import Vt100_Output

from fakes.patches import fresh_store, reviewed
from r1code.control import Control
from r1code.errors import Cancelled
from r1code.tree.choices import Choices
from r1code.tree.hunks import Review
from r1code.ui.ask import Terminal
from r1code.ui.pick import pick
from r1code.ui.safe import HIDDEN
from ui.reviews import STORIES, file

LONG = b"".join(b"line %d\n" % number for number in range(40))


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as source:
        yield source


@pytest.fixture
def review() -> Review:
    a = LONG.replace(b"line 3\n", b"A\n").replace(b"line 5\n", b"B\n").replace(b"line 30\n", b"C\n")
    before = {"a": file(LONG), "b": file(b"one\n"), "c": file(b"one\n")}
    return reviewed(before, {"a": file(a), "b": file(b"two\n"), "c": file(b"two\n")}, fresh_store())


def picked(review: Review, keys: PipeInput, typed: str, control: Control | None = None) -> Choices | None:
    keys.send_text("".join(f"{key}\r" for key in typed))
    return pick(review, control or Control(), Terminal(keys, DummyOutput()))


def numbers(choices: Choices | None) -> list[str]:
    assert choices is not None
    assert choices.current is None
    return [hunk.number for hunk in choices.review.hunks if hunk.id in choices.yes]


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("yyyy", ["1", "2", "3", "4"]),
        ("nnnn", []),
        ("ynyn", ["1", "3"]),
        ("ayn", ["1", "2", "3"]),
        ("naay", ["2", "3", "4"]),
        ("yd", ["1"]),
        ("snynd", ["1.2"]),
        ("sayn", ["1.1", "1.2", "2", "3"]),
        ("?zy?d", ["1"]),
        ("nsyd", ["2"]),
    ],
)
def test_keys_choose_hunks(review: Review, keys: PipeInput, typed: str, chosen: list[str]):
    assert numbers(picked(review, keys, typed)) == chosen


@pytest.mark.parametrize("typed", ["q", "yyq", "s?q"])
def test_quitting_chooses_nothing(review: Review, keys: PipeInput, typed: str):
    assert picked(review, keys, typed) is None


def test_the_end_of_input_quits(review: Review, keys: PipeInput):
    keys.send_text("y\r\x04")
    assert pick(review, Control(), Terminal(keys, DummyOutput())) is None


def test_ctrl_c_cancels(review: Review, keys: PipeInput):
    control = Control()
    keys.send_text("y\r\x03")
    with pytest.raises(Cancelled):
        pick(review, control, Terminal(keys, DummyOutput()))
    assert control.cancelled


def test_without_hunks_nothing_is_asked(keys: PipeInput):
    choices = pick(reviewed({}, {}, fresh_store()), Control(), Terminal(keys, DummyOutput()))
    assert choices is not None
    assert choices.yes == frozenset()


def screen(review: Review, keys: PipeInput, typed: str, columns: int, *, color: bool = True) -> str:
    stream = StringIO()
    output = Vt100_Output(stream, lambda: Size(rows=24, columns=columns), term="xterm")
    keys.send_text("".join(f"{key}\r" for key in typed))
    pick(review, Control(), Terminal(keys, output), color=color)
    return stream.getvalue()


def test_each_hunk_is_shown_with_its_file_its_number_and_its_words(review: Review, keys: PipeInput):
    text = screen(review, keys, "ynnd", 80)
    assert text.count("changed  a") == 1
    assert "hunk 1  @@ -1,9 +1,9 @@" in text
    assert "apply hunk 2 of a? (3 left)" in text
    assert "\x1b[0;31m-line 3" in text
    assert ";31" not in screen(review, keys, "d", 80, color=False)
    assert "it has no smaller parts" in screen(review, keys, "nsd", 80)


def test_hostile_hunks_are_harmless_in_a_narrow_terminal(keys: PipeInput):
    hostile = reviewed(*STORIES["hostile"](), fresh_store())
    text = screen(hostile, keys, "yy", 40)
    assert "\x1b[2J" not in text.replace("\x1b[0m\x1b[2J", "")
    assert "\x1b]52" not in text
    assert [found for found in HIDDEN.findall(text) if found not in "\x1b\r\b\x07"] == []
