"""One command of a user or a model in a container: run, followed to its end, and told which limit it met."""

from __future__ import annotations

import os
import re
import time

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.base import Limits
from r1code.sandbox.command import SHELL_SIGNAL_BASE, Exit
from r1code.sandbox.inside import HOME, PATH, PRIVATE_BYTES, SHM_MB, STDERR, WORK, Ended, Inside
from r1code.sandbox.killing import END

_MAX_ARGUMENT_BYTES = 128 * 1024
NOT_RUN = "the command could not be run"
_PATIENCE_SECONDS = 5.0
_CANCELLED_SECONDS = 0.3
_COUNT = re.compile(rb"(?m)^(memory|pids) (\d{1,9})$")
_ROOM = re.compile(rb"(?m)^room (\d{1,15}) (\d{1,15})$")
_FEW_BLOCKS = 16
_BEGUN = b"started\n"
_NO_SPACE = b"o space left on device"
"""How C, Python, Node, Go and Java say it, but for the first letter."""

# The command writes both of its streams into one pipe, so their order is kept; the script's own error
# stream stays free for what it has to tell. It is the only process that its `kill` spares.
_RUN = f"""{END}count() {{
  local key value
  [ -r "$2" ] && while read -r key value; do [ "$key" = "$3" ] && echo "$1 $value" >&2; done <"$2"
}}
counts() {{
  count memory /sys/fs/cgroup/memory.events oom_kill
  count memory /sys/fs/cgroup/memory/memory.oom_control oom_kill
  count pids /sys/fs/cgroup/pids.events max
  count pids /sys/fs/cgroup/pids/pids.events max
}}
counts
echo started >&2
command=$1; shift
if [ -x /bin/bash ]; then /bin/bash -c "$command" </dev/null 2>&1; else /bin/sh -c "$command" </dev/null 2>&1; fi
code=$?
end "$@"
counts
if [ $code -ne 0 ]; then
{PATH}stat -f -c "room %a %d" {WORK} /tmp {HOME} >&2
fi
echo ended >&2
exit $code
"""


def refuse_too_long(command: str) -> None:
    """Raises SandboxError for a command that the system does not take."""
    if len(os.fsencode(command)) >= _MAX_ARGUMENT_BYTES:
        raise SandboxError(
            NOT_RUN,
            why=f"it is longer than the {_MAX_ARGUMENT_BYTES // 1024} KB that Linux takes",
            hint="write it into a file, and run that",
        )


class Command:
    """A command of a user or a model in a container: a `Running`."""

    def __init__(self, container: Inside, limits: Limits, command: str, env: dict[str, str] | None) -> None:
        """Starts it. Raises SandboxError where the system has no room for it."""
        refuse_too_long(command)
        container.used = True
        self._container = container
        self._limits = limits
        self._private = b""
        self._tail = b""
        self._full = False
        self._ended: Ended | None = None
        self._exec = container.execute(_RUN, command, *container.spared(), env=env)
        self.killed = True
        """False: the container must be removed, for something in it may still run."""

    def read(self, control: Control, seconds: float) -> bytes:
        # Not anew for each item: a command can find the script's own stream, and write to it without end.
        deadline = time.monotonic() + seconds
        while True:
            item = self._container.wait_item(self._exec, control, deadline - time.monotonic(), NOT_RUN)
            if isinstance(item, Ended):
                return self._end(item)
            number, data = item
            if number == STDERR:
                self._private = (self._private + data)[-PRIVATE_BYTES:]
                # Not where something is printed: that may come first, or be the engine's, without a shell.
                self._container.answered = self._container.answered or _BEGUN in self._private
            elif data:
                self._full = self._full or _NO_SPACE in self._tail + data
                self._tail = data[-len(_NO_SPACE) :]
                return data

    def _end(self, ended: Ended) -> bytes:
        if ended.error is not None:
            raise self._container.failure(NOT_RUN, ended.error) from ended.error
        finished = self._private.endswith(b"ended\n")
        if not finished and _BEGUN not in self._private:
            if self._container.lost():
                raise self._container.gone(NOT_RUN)
            raise SandboxError(
                NOT_RUN,
                why=f"{self._container.ours} has no working /bin/sh (exit code {ended.code})",
                hint=self._container.remedy,
            )
        if not finished and not self._container.alive():
            raise self._container.gone("the command was interrupted")
        self._ended = ended
        self._container.answered = True
        if not finished or ended.code is None or ended.code > SHELL_SIGNAL_BASE:
            # The command may have ended the script before that could kill what else there is.
            self.killed = self._container.kill(_PATIENCE_SECONDS)
            if not self.killed and self._container.lost():
                # Its processes were killed one by one, before the engine said so.
                raise self._container.gone("the command was interrupted")
        if self.killed:
            self._container.prepare()
        return b""

    def kill(self, control: Control) -> None:
        self._exec.close()
        # A person does not wait, unless what goes on beside it would be lost with the container.
        hurried = control.cancelled and not self._container.lasting
        self.killed = self._container.kill(_CANCELLED_SECONDS if hurried else _PATIENCE_SECONDS)

    def exit(self) -> Exit:
        code = self._ended.code if self._ended is not None else None
        return Exit(code=code, note="\n".join(self._notes()))

    def _notes(self) -> list[str]:
        counted: dict[bytes, list[int]] = {}
        for name, value in _COUNT.findall(self._private):
            counted.setdefault(name, []).append(int(value))
        met = {name for name, values in counted.items() if values[-1] > values[0]}
        limits = self._limits
        notes: list[str] = []
        if b"memory" in met:
            notes.append(f"[killed: more memory was used than the limit of {limits.memory_mb} MB]")
        if b"pids" in met:
            notes.append(f"[refused: more processes and threads than the limit of {limits.pids}]")
        if self._full or self._is_full():
            notes.append(
                f"[no room was left: {WORK}, /tmp and {HOME} hold {limits.disk_mb} MB and {limits.files} files"
                f" each, /dev/shm {SHM_MB} MB]"
            )
        return notes

    def _is_full(self) -> bool:
        return any(int(blocks) < _FEW_BLOCKS or not int(files) for blocks, files in _ROOM.findall(self._private))
