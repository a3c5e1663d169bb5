"""A command that goes on in a container, or another place, while others run there."""

from __future__ import annotations

import re
import time

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.command import SHELL_SIGNAL_BASE, SIGKILL, SPAWNED, Exit
from r1code.sandbox.connection import Connection, Input
from r1code.sandbox.inside import PRIVATE_BYTES, STDERR, Ended, Inside
from r1code.sandbox.running import NOT_RUN, refuse_too_long

_START_SECONDS = 30.0
_LAST_SECONDS = 0.3
_KILLED = SHELL_SIGNAL_BASE + SIGKILL
_LEADER = re.compile(rb"leader (\d{1,10})\n")
_OVER = re.compile(rb"over (\d{1,3})\n\Z")

# What it leaves behind when it ends is no longer spared: the end of the next command takes it away.
_RUN = """echo "leader $$" >&2
command=$1
if [ -x /bin/bash ]; then /bin/bash -c "$command" </dev/null 2>&1; else /bin/sh -c "$command" </dev/null 2>&1; fi
echo "over $?" >&2
"""


# As the other, for one that is spoken with: its errors go nowhere, and what tells its end another way.
_SPEAK = """echo "leader $$" >&2
command=$1
exec 3>&2 2>/dev/null
if [ -x /bin/bash ]; then /bin/bash -c "$command" 3>&-; else /bin/sh -c "$command" 3>&-; fi
echo "over $?" >&3
"""


class LastingCommand:
    """A `Running`. Once it is let go of, the end of the next command does not spare what is left of it."""

    def __init__(
        self,
        container: Inside,
        command: str,
        control: Control,
        env: dict[str, str],
        *,
        given: Input | None = None,
    ) -> None:
        """Starts it. Raises SandboxError and Cancelled; it may run then, and is not spared.

        `given`: what it reads, for one that is spoken with.
        """
        refuse_too_long(command)
        container.used = True
        self._container = container
        self._private = b""
        self._ended: Ended | None = None
        self._first: list[bytes] = []
        """What was printed before its process was known."""
        script = _RUN if given is None else _SPEAK
        self._exec = container.execute_apart(script, command, env=SPAWNED | env, stdin=given)
        self.leader = ""
        """The id of its first process inside."""
        try:
            self.leader = self._await(control)
        finally:
            if not self.leader:
                if given is not None:
                    given.end()
                self._exec.close()
        container.lasting.add(self)
        container.live = True

    @staticmethod
    def connected(container: Inside, command: str, control: Control, env: dict[str, str]) -> Connection:
        """One that is spoken with; as the constructor."""
        given = Input()
        return Connection(LastingCommand(container, command, control, env, given=given), given)

    def _await(self, control: Control) -> str:
        deadline = time.monotonic() + _START_SECONDS
        while not (match := _LEADER.search(self._private)):
            item = self._container.next_item(self._exec, control, deadline - time.monotonic(), NOT_RUN)
            if isinstance(item, Ended):
                raise self._container.gone(NOT_RUN)
            self._first.append(self._seen(item))
        return match[1].decode()

    def _seen(self, item: tuple[int, bytes]) -> bytes:
        """What of an item is output."""
        number, data = item
        if number != STDERR:
            return data
        self._private = (self._private + data)[-PRIVATE_BYTES:]
        return b""

    def read(self, control: Control, seconds: float) -> bytes:
        while self._first:
            if data := self._first.pop(0):
                return data
        deadline = time.monotonic() + seconds
        while self._ended is None:
            over = _OVER.search(self._private) is not None
            # Its last words come through another pipe than what tells its end.
            left = _LAST_SECONDS if over else deadline - time.monotonic()
            try:
                item = self._container.wait_item(self._exec, control, left, NOT_RUN)
            except TimeoutError:
                if over:
                    break
                raise
            if isinstance(item, Ended):
                self._ended = item
            elif data := self._seen(item):
                return data
        self._let_go()
        return b""

    def kill(self, control: Control) -> None:
        del control
        if self in self._container.lasting:
            self._let_go()
            self._container.drop(self.leader)

    def _let_go(self) -> None:
        self._container.lasting.discard(self)
        self._exec.close()

    def exit(self) -> Exit:
        over = _OVER.search(self._private)
        code = None if self._ended is None else self._ended.code
        if over is not None:
            code = int(over[1])
        if code in {None, _KILLED} and self._container.lost():
            why = "its container was stopped, and with it all that ran in it"
            raise SandboxError(NOT_RUN, why=why, hint="start it again")
        return Exit(code=code)
