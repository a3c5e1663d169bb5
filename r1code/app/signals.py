"""Ctrl-C and its relatives: the first asks the turn to stop, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

from r1code.control import Control
from r1code.types import ExitCode

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def cancel_on_signals(control: Control) -> Generator[None, None, None]:
    """While the block runs, signals cancel `control`.

    A handler in the main thread could meet a lock that this same thread holds, so the signal only writes a
    byte to a pipe, and a thread reads it.
    """
    read, write = os.pipe()
    os.set_blocking(write, False)
    previous = {number: signal.signal(number, _nothing) for number in _SIGNALS}
    wakeup = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    reader = threading.Thread(target=_read, args=(read, control), name="r1code-signals", daemon=True)
    reader.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in previous.items():
            signal.signal(number, handler)
        os.close(write)
        reader.join()
        os.close(read)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """The byte in the pipe says it all."""


def _read(pipe: int, control: Control) -> None:
    while os.read(pipe, 1):
        if control.cancelled:
            # What is left behind (a container) goes with the next start, or with `r1code sandbox prune`.
            os._exit(ExitCode.INTERRUPTED)
        control.cancel()
