"""Ctrl-C and its relatives are heard, whatever has been asked before."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.seat import Seat
from r1code.app.signals import cancel_on_signals
from r1code.control import Control
from r1code.errors import Cancelled

SECONDS = 20.0


@pytest.fixture(autouse=True)
def a_hangup_is_not_ignored() -> Iterator[None]:
    """As it is where the tests themselves run under `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


async def question() -> None:
    """Handles signals in its event loop, as what asks at a terminal does."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGWINCH, lambda: None)
    loop.remove_signal_handler(signal.SIGWINCH)


async def question_that_is_left_open(number: signal.Signals, cancelled: threading.Event) -> bool:
    asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, lambda: None)
    signal.raise_signal(number)
    return await asyncio.to_thread(cancelled.wait, SECONDS)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_heard_after_a_question(number: signal.Signals) -> None:
    control = Control()
    with cancel_on_signals(control):
        asyncio.run(question())
        signal.raise_signal(number)
        with pytest.raises(Cancelled):
            control.sleep(SECONDS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_heard_at_a_question(number: signal.Signals) -> None:
    control, cancelled = Control(), threading.Event()
    with cancel_on_signals(control), control.on_cancel(cancelled.set):
        assert asyncio.run(question_that_is_left_open(number, cancelled))


TWICE = """
import os, signal, sys
from r1code.app.signals import cancel_on_signals
from r1code.control import Control
from r1code.errors import Cancelled
control = Control()
with cancel_on_signals(control):
    for name in sys.argv[1:]:
        signal.raise_signal(signal.Signals[name])
    try:
        control.sleep(20)
    except Cancelled:
        # Whoever reads the signals gets them in order: after these, all of those above are done.
        print("in order", flush=True)
"""


def ended(*names: str, ignored: bool = False) -> tuple[int, str]:
    command = [sys.executable, "-c", TWICE, *names]
    if ignored:
        command = ["nohup", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout


def test_a_terminal_that_is_closed_is_no_second_interrupt() -> None:
    """It says so by itself and through its shell, at nearly the same time; what was begun ends in order."""
    assert ended("SIGHUP", "SIGHUP") == (0, "in order\n")


def test_a_second_interrupt_ends_the_process_at_once() -> None:
    code, _ = ended("SIGINT", "SIGINT")
    assert code == 130


def test_a_hangup_that_is_ignored_stays_so() -> None:
    assert ended("SIGHUP", "SIGTERM", ignored=True) == (0, "in order\n")


HIDDEN = """
import signal
from r1code.app.signals import cancel_on_signals
from r1code.control import Control
with cancel_on_signals(Control()):
    print("\\x1b[?25lbusy", flush=True)
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    signal.pause()
"""


def test_the_cursor_is_there_again_after_a_second_interrupt(tmp_path: Path) -> None:
    seat = Seat([sys.executable, "-c", HIDDEN], tmp_path, {})
    seat.sees("busy")
    assert seat.leaves() == 130
    assert seat.raw.count(b"\x1b[?25l") == 1
    assert seat.raw.rfind(b"\x1b[?25h") > seat.raw.find(b"\x1b[?25l")
    seat.close()


AT_ITS_START = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)

class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name == "r1code.options":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Impatient())
from r1code.cli.main import main
sys.exit(main(["tests"]))
"""


def test_an_interrupt_while_r1code_is_loaded_is_no_fault_of_it() -> None:
    done = subprocess.run([sys.executable, "-c", AT_ITS_START], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")
