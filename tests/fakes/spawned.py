"""Waits for what others do: a command in the background, a process, a thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from r1code.sandbox.base import Spawned

SERVER = "echo up; while :; do sleep 0.05; done"


def until(holds: Callable[[], bool], seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def shows(spawned: Spawned, text: str) -> str:
    """What it prints until `text` comes."""
    shown = ""

    def comes() -> bool:
        nonlocal shown
        shown += spawned.output()
        return text in shown

    until(comes)
    return shown
