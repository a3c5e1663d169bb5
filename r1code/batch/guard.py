"""Starts a command that lives no longer than whoever started this: `python -I -S guard.py FD COMMAND...`.

Its standard input is a pipe from there. A byte asks the command to stop (SIGINT); the end of the pipe kills the
command and all of its process group. The number of that group is written to FD first. It ends as the command did.
Nothing of r1code is imported here: a thousand of these are started in a batch.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from select import select

NO_COMMAND = 127


def main(told: int, command: Sequence[str]) -> int:
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.signal(signal.SIGCHLD, _nothing)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error}\n")
        return NO_COMMAND
    os.write(told, f"{child.pid}\n".encode())
    os.close(told)
    _watch(child.pid, read)
    # Before its number is free for another process.
    _kill(child.pid)
    code = child.wait()
    if code < 0:
        # Whoever waits for this sees the same signal; one that is no end is said by its number.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _watch(group: int, ended: int) -> None:
    """Until the command has ended, or is to be killed."""
    while os.waitid(os.P_PID, group, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        for ready in select([sys.stdin.fileno(), ended], [], [])[0]:
            said = os.read(ready, 1)
            if ready == ended:
                continue
            if not said:
                return
            with suppress(ProcessLookupError):
                # Only the command itself: it tells its own children.
                os.kill(group, signal.SIGINT)


def _kill(group: int) -> None:
    # PermissionError: macOS says so of a group that has only ended processes.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _nothing(_number: int, _frame: object) -> None:
    """The byte in the pipe says it all."""


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
