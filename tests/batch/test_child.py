from __future__ import annotations

import os
import signal
import sys

import pytest

from fakes.spawned import until
from r1code.batch.child import Ended, Setting, run_child
from r1code.control import Control


def ran(*command: str, control: Control | None = None, **more: float) -> tuple[Ended, bytes]:
    heard: list[bytes] = []
    ended = run_child(command, Setting(environ=os.environ, **more), heard.append, control or Control())
    return ended, b"".join(heard)


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 6", 6), ("exit 0", 0), ("kill -9 $$", -9), ("kill -15 $$", -15), ("exit 130", 130)],
)
def test_a_child_ends_as_its_command_did(script: str, code: int) -> None:
    ended, heard = ran("sh", "-c", f"echo out; echo err >&2; {script}")
    assert (ended.code, ended.words, heard) == (code, "err", b"out\n")
    assert not ended.timed_out
    assert not ended.interrupted


def test_a_command_that_is_not_there_says_so() -> None:
    ended, _ = ran("/nowhere/r1code")
    assert ended.code == 127
    assert "cannot be started" in ended.words


def test_a_child_is_asked_to_stop_first_and_killed_when_it_does_not() -> None:
    answers = "import signal, sys, time; signal.signal(2, lambda *_: sys.exit(5)); print('ready', flush=True)"
    polite = (sys.executable, "-I", "-S", "-c", f"{answers}; time.sleep(60)")
    # Time enough to become polite.
    ended, heard = ran(*polite, seconds=5.0)
    assert (ended.code, ended.timed_out, heard) == (5, True, b"ready\n")
    ended, heard = ran("sh", "-c", "trap '' INT; echo ready; while :; do sleep 0.1; done", seconds=2.0, grace=0.3)
    assert (ended.code, ended.timed_out, heard) == (-signal.SIGKILL, True, b"ready\n")
    control = Control()
    ended = run_child(polite, Setting(environ=os.environ), lambda _: control.cancel(), control)
    assert (ended.code, ended.interrupted, ended.timed_out) == (5, True, False)


def test_what_a_child_leaves_running_ends_with_it() -> None:
    ended, heard = ran("sh", "-c", "sleep 600 & echo $!; exit 3")
    assert ended.code == 3
    assert ended.seconds < 60

    def is_gone() -> bool:
        try:
            os.kill(int(heard), 0)
        except ProcessLookupError:
            return True
        return False

    until(is_gone)


def test_the_last_words_are_heard_also_where_somebody_holds_the_pipe_open() -> None:
    # A process of a session of its own gets away, and keeps the pipe.
    away = (
        "import os, subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True); print('x' * 200_000)"
    )
    ended, heard = ran(sys.executable, "-c", away)
    assert len(heard) == 200_001
    assert ended.seconds < 30


def test_nothing_that_is_said_is_lost_however_it_meets_the_end() -> None:
    # The end comes around the moment at which the pipe is looked at.
    for at in range(12):
        delay = 0.02 + 0.004 * at
        ended, heard = ran("sh", "-c", f"sleep {delay:.3f}; echo last")
        assert (ended.code, heard) == (0, b"last\n")
