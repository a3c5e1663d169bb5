"""A container's processes are killed before the engine calls it gone: what ends in between has no result."""

from __future__ import annotations

import queue
from collections.abc import Iterable

import pytest

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.base import Limits
from r1code.sandbox.inside import STDERR, STDOUT, Ended, Inside, Item
from r1code.sandbox.running import Command

KILLED = 137


class Items:
    def __init__(self, *items: Item) -> None:
        self.items: queue.Queue[Item] = queue.Queue()
        for item in items:
            self.items.put(item)

    def close(self) -> None:
        pass


class Dying(Inside):
    """All in it was killed; nothing can be done there any more, and it calls itself alive `asked` times."""

    noun, ours, remedy, gone_why = "container", "the image", "use another image", "it was removed"

    def __init__(self, asked: int, *said: Item) -> None:
        super().__init__(silence=30.0)
        self.asked = asked
        self._said = said or ((STDERR, b"started\n"), (STDOUT, b"up\n"))

    def execute(
        self,
        script: str,
        *args: str,
        stdin: Iterable[bytes] | None = None,
        env: dict[str, str] | None = None,
    ) -> Items:
        del script, args, stdin, env
        return Items(*self._said, Ended(code=KILLED))

    def execute_apart(
        self, script: str, *args: str, env: dict[str, str], stdin: Iterable[bytes] | None = None
    ) -> Items:
        return self.execute(script, *args, stdin=stdin, env=env)

    def spared(self) -> list[str]:
        return []

    def drop(self, leader: str) -> None:
        del leader

    def prepare(self) -> None:
        pass

    def kill(self, patience: float) -> bool:
        del patience
        return False

    def remove(self) -> None:
        pass

    def alive(self) -> bool:
        self.asked -= 1
        return self.asked >= 0

    def failure(self, what: str, error: BaseException) -> SandboxError:
        raise NotImplementedError from error


@pytest.mark.parametrize("asked", [0, 1, 2, 5])
def test_a_command_that_ended_with_its_place_is_no_result(asked: int):
    command = Command(Dying(asked), Limits(), "sleep 60", None)
    assert command.read(Control(), 5.0) == b"up\n"
    with pytest.raises(SandboxError) as raised:
        command.read(Control(), 5.0)
    assert raised.value.why == "it was removed"


def test_what_is_printed_may_overtake_that_it_began():
    """They are two streams, and the engine copies each for itself."""
    command = Command(Dying(0, (STDOUT, b"up\n"), (STDERR, b"started\n")), Limits(), "sleep 60", None)
    assert command.read(Control(), 5.0) == b"up\n"
    with pytest.raises(SandboxError) as raised:
        command.read(Control(), 5.0)
    assert raised.value.why == "it was removed"


def test_a_place_that_stays_and_cannot_kill_is_to_be_removed():
    command = Command(Dying(10_000), Limits(), "sleep 60", None)
    assert command.read(Control(), 5.0) == b"up\n"
    assert command.read(Control(), 5.0) == b""
    assert command.exit().code == KILLED
    assert not command.killed
