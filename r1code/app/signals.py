"""Ctrl-C and its relatives: the first asks the turn to stop, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType

from r1code.control import Control
from r1code.types import ExitCode

_SHOW_CURSOR = b"\x1b[?25h"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def cancel_on_signals(control: Control) -> Generator[None, None, None]:
    """While the block runs, signals cancel `control`.

    A handler in the main thread could meet a lock that this same thread holds, so the signal only writes a
    byte to a pipe, and a thread reads it. A hangup that is ignored (`nohup`) stays so.
    """
    read, write = os.pipe()
    os.set_blocking(write, False)

    def heard(number: int, _frame: FrameType | None) -> None:
        # An event loop (a question at the terminal has one) takes the bytes for itself, and at its end leaves
        # nobody to get them: then this one is written here, and later ones come by themselves again.
        taken = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        if taken == write:
            return
        os.write(write, bytes([number]))
        if taken != -1:
            signal.set_wakeup_fd(taken)

    ignored: set[int] = {signal.SIGHUP} if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else set()
    previous = {number: signal.signal(number, heard) for number in _SIGNALS if number not in ignored}
    wakeup = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    reader = threading.Thread(target=_read, args=(read, control), name="r1code-signals", daemon=True)
    reader.start()
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        os.close(write)
        reader.join()
        os.close(read)


def _read(pipe: int, control: Control) -> None:
    while byte := os.read(pipe, 1):
        if byte[0] not in _SIGNALS:
            continue
        # A terminal that is closed says so twice, itself and through its shell: that is no impatience.
        if control.cancelled and byte[0] != signal.SIGHUP:
            _show_cursor()
            # What is left behind (a container) goes with the next start, or with `r1code sandbox prune`.
            os._exit(ExitCode.INTERRUPTED)
        control.cancel()


def _show_cursor() -> None:
    """A bar of progress hides it, and is not asked to end."""
    for terminal in filter(os.isatty, (1, 2)):
        with suppress(OSError):  # it is closed
            os.write(terminal, _SHOW_CURSOR)
