from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from io import StringIO

import pexpect
import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.output.vt100 import Vt100_Output

from fakes.pace import Pace
from r1code.control import Control
from r1code.errors import Cancelled
from r1code.ui.ask import Choice, Terminal, ask
from r1code.ui.safe import HIDDEN
from ui.telling import HOSTILE

CHOICES = (Choice("y", "allow"), Choice("n", "deny"), Choice("a", "always"))


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as source:
        yield source


def answer(keys: PipeInput, control: Control | None = None) -> str:
    terminal = Terminal(keys, DummyOutput())
    return ask("Run this?", "pytest -q", CHOICES, control or Control(), deny="n", terminal=terminal)


@pytest.mark.parametrize(
    ("typed", "key"), [("y\r", "y"), ("N\r", "n"), (" Always \r", "a"), ("x\r\ryes\rno\ra\r", "a")]
)
def test_an_answer_is_a_key_or_a_label_and_enter(keys: PipeInput, typed: str, key: str):
    keys.send_text(typed)
    assert answer(keys) == key


def test_the_end_of_input_denies(keys: PipeInput):
    keys.send_text("\x04")
    assert answer(keys) == "n"


def test_a_closed_input_denies(keys: PipeInput):
    keys.close()
    assert answer(keys) == "n"


def test_ctrl_c_cancels_the_turn(keys: PipeInput):
    control = Control()
    keys.send_text("\x03")
    with pytest.raises(Cancelled):
        answer(keys, control)
    assert control.cancelled


def test_a_cancel_from_another_thread_closes_the_question(keys: PipeInput):
    control, cancelled_at = Control(), [0.0]

    def cancel() -> None:
        cancelled_at[0] = pace.seconds
        control.cancel()

    timer = threading.Timer(0.3, cancel)
    with Pace() as pace:
        timer.start()
        with pytest.raises(Cancelled):
            answer(keys, control)
        assert pace.seconds - cancelled_at[0] < 0.2
    timer.join()


def test_a_cancel_at_any_moment_is_not_missed(keys: PipeInput):
    for moment in range(12):
        control = Control()
        timer = threading.Timer(moment * 0.002, control.cancel)
        timer.start()
        with pytest.raises(Cancelled):
            answer(keys, control)
        timer.join()


def test_a_question_can_be_asked_from_a_thread(keys: PipeInput):
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(answer(keys)))
    thread.start()
    keys.send_text("y\r")
    thread.join(40)
    assert answers == ["y"]


def test_a_turn_that_was_cancelled_before_asks_nothing(keys: PipeInput):
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        answer(keys, control)


def test_foreign_text_is_shown_whole_and_cannot_pass_for_the_question(keys: PipeInput):
    screen = StringIO()
    output = Vt100_Output(screen, lambda: Size(rows=24, columns=60), term="dumb")
    keys.send_text("n\r")
    output.enable_cpr = True
    many = HOSTILE + "\nline" * 100
    assert ask("Run this?", many, CHOICES, Control(), deny="n", terminal=Terminal(keys, output)) == "n"
    head, _, tail = screen.getvalue().partition("y = allow, n = deny, a = always >")
    assert tail
    assert not output.responds_to_cpr
    assert "\x1b]52" not in screen.getvalue()
    text = re.sub(r"\x1b\[[0-9;]*m|\r", "", head)
    lines = [line for line in text.split("\n") if "│" in line]
    assert len(lines) > 105
    assert [line for line in lines if HIDDEN.search(line)] == []
    assert "\nverdict" not in text


def test_keys_pressed_before_the_question_do_not_answer_it():
    asking = (
        "import select; from r1code.control import Control; from r1code.ui.ask import Choice, ask\n"
        # Until something was typed.
        "print('busy', flush=True); select.select([0], [], [])\n"
        "choices = (Choice('y', 'allow'), Choice('n', 'deny'))\n"
        "print('answer', ask('Run this?', 'rm -r build', choices, Control(), deny='n'))"
    )
    child = pexpect.spawn(sys.executable, ["-P", "-c", asking], encoding="utf-8", timeout=40, dimensions=(24, 60))
    child.expect("busy")
    child.send("y\r")
    child.expect("n = deny >")
    child.send("n\r")
    child.expect("answer n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_a_cancel_leaves_the_terminal_as_it_was():
    asking = (
        "import termios, threading; from r1code.control import Control; from r1code.errors import Cancelled\n"
        "from r1code.ui.ask import Choice, ask\n"
        "before, control = termios.tcgetattr(0), Control()\n"
        "threading.Timer(0.5, control.cancel).start()\n"
        "try: ask('Run this?', 'ls', (Choice('y', 'allow'),), control, deny='n')\n"
        "except Cancelled: print('cancelled', termios.tcgetattr(0) == before)"
    )
    child = pexpect.spawn(sys.executable, ["-P", "-c", asking], encoding="utf-8", timeout=40, dimensions=(24, 60))
    child.expect("cancelled True")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
