from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from fakes.pace import Pace
from r1code.control import Control
from r1code.errors import Cancelled
from r1code.sandbox.base import Limits
from r1code.sandbox.command import Exit, follow
from r1code.types import ExecResult


class ScriptedRunning:
    """Prints what it is told; `None` in its script is silence until the time is up."""

    def __init__(self, *script: bytes | None, code: int = 0, note: str = "") -> None:
        self._script: Iterator[bytes | None] = iter(script)
        self._exit = Exit(code=code, note=note)
        self.killed = 0

    def read(self, control: Control, seconds: float) -> bytes:
        control.check()
        data = next(self._script, b"")
        if data is None:
            control.sleep(seconds)
            raise TimeoutError
        return data

    def kill(self, control: Control) -> None:
        self.killed += 1

    def exit(self) -> Exit:
        return self._exit


def result_of(
    running: ScriptedRunning, limits: Limits | None = None, seconds: float = 5.0
) -> tuple[str, ExecResult]:
    live = ""
    following = follow(running, Control(), limits or Limits(), seconds)
    while True:
        try:
            live += next(following)
        except StopIteration as stopped:
            return live, stopped.value


def test_output_and_exit_code_are_those_of_the_command():
    live, result = result_of(ScriptedRunning(b"one\n", b"two\n", code=3))
    assert live == result.output == "one\ntwo\n"
    assert (result.exit_code, result.signal, result.timed_out, result.truncated) == (3, None, False, False)


def test_characters_that_are_cut_between_two_reads_arrive_whole():
    data = "a€𝄞é".encode()
    _, result = result_of(ScriptedRunning(*(data[at : at + 1] for at in range(len(data)))))
    assert result.output == "a€𝄞é"


def test_bytes_that_are_no_text_are_replaced_at_the_end_as_well():
    _, result = result_of(ScriptedRunning(b"\xff", b"x", b"\xe2\x82"))
    assert result.output == "\ufffdx\ufffd"


@pytest.mark.parametrize(
    ("code", "signal"), [(128, None), (137, 9), (143, 15), (192, 64), (193, None), (255, None)]
)
def test_a_signal_is_read_from_the_shells_exit_code(code: int, signal: int | None):
    _, result = result_of(ScriptedRunning(code=code))
    assert (result.exit_code, result.signal) == (code, signal)


def test_a_command_that_runs_too_long_is_killed_and_says_so():
    running = ScriptedRunning(b"so far", None)
    live, result = result_of(running, seconds=0.1)
    assert running.killed == 1
    assert result.timed_out
    assert not result.succeeded
    assert (result.exit_code, result.signal) == (None, 9)
    assert live == result.output == "so far\n[killed: it ran longer than the limit of 0.1 s]\n"


def test_a_command_that_prints_all_the_time_is_killed_in_time():
    class Chatty(ScriptedRunning):
        def read(self, control: Control, seconds: float) -> bytes:
            time.sleep(0.001)
            return b"x"

    with Pace() as pace:
        _, result = result_of(Chatty(), seconds=0.2)
        assert pace.seconds < 0.5
    assert result.timed_out


def test_a_flood_is_stopped_and_not_called_a_timeout():
    running = ScriptedRunning(*[b"x" * 1000] * 100)
    _, result = result_of(running, Limits(output_bytes=1000, flood_bytes=50_000))
    assert running.killed == 1
    assert (result.timed_out, result.truncated, result.exit_code) == (False, True, None)
    assert "bytes of output dropped" in result.output
    assert result.output.endswith("[killed: it printed more than the limit of 50000 bytes]\n")


def test_what_the_exit_code_does_not_say_is_the_last_line():
    _, result = result_of(ScriptedRunning(b"x\n", code=137, note="[killed: memory]"))
    assert result.output == "x\n[killed: memory]\n"


def test_closing_kills_and_a_finished_command_is_not_killed():
    running = ScriptedRunning(b"x", None)
    following = follow(running, Control(), Limits(), 5.0)
    assert next(following) == "x"
    following.close()
    assert running.killed == 1

    running = ScriptedRunning(b"x")
    result_of(running)
    assert running.killed == 0


def test_a_cancel_kills_and_passes_on():
    running, control = ScriptedRunning(b"x", None), Control()
    following = follow(running, control, Limits(), 5.0)
    next(following)
    control.cancel()
    with pytest.raises(Cancelled):
        next(following)
    assert running.killed == 1
