"""Following one command to its end: the same limits and the same result in every sandbox."""

from __future__ import annotations

import codecs
import time
from collections.abc import Generator
from typing import Protocol

from msgspec import Struct

from r1code.control import Control
from r1code.sandbox.base import Limits
from r1code.sandbox.output import Keep
from r1code.types import ExecResult

SHELL_SIGNAL_BASE = 128
LAST_SIGNAL = 64
SIGKILL = 9


class Exit(Struct, frozen=True, kw_only=True):
    code: int | None
    note: str = ""
    """A line for the end of the output: what the code alone does not say."""


class Running(Protocol):
    """A command that was started."""

    def read(self, control: Control, seconds: float) -> bytes:
        """More of its output, empty at its end. Raises Cancelled, SandboxError, or TimeoutError."""
        ...

    def kill(self, control: Control) -> None:
        """Kills all that it started. Quick, above all after a cancel; raises nothing."""
        ...

    def exit(self) -> Exit:
        """How it ended; only after its output did."""
        ...


def follow(
    running: Running, control: Control, limits: Limits, seconds: float
) -> Generator[str, None, ExecResult]:
    """Yields the output as it comes and returns the result. However it is left, nothing goes on running."""
    started = time.monotonic()
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    keep = Keep(limits.output_bytes)
    printed = 0
    at_line_start = True
    timed_out = flooded = False
    ended: Exit | None = None
    try:
        while ended is None and not (timed_out or flooded):
            left = started + seconds - time.monotonic()
            try:
                data = running.read(control, left) if left > 0 else None
            except TimeoutError:
                data = None
            if not data:
                timed_out = data is None
                ended = None if timed_out else running.exit()
                continue
            printed += len(data)
            flooded = printed > limits.flood_bytes
            if text := decoder.decode(data):
                keep.add(text)
                at_line_start = text.endswith("\n")
                yield text
    finally:
        if ended is None:
            running.kill(control)
    if timed_out:
        ended = Exit(code=None, note=f"[killed: it ran longer than the limit of {seconds:g} s]")
    elif ended is None:
        ended = Exit(code=None, note=f"[killed: it printed more than the limit of {limits.flood_bytes} bytes]")
    last = decoder.decode(b"", final=True)
    if ended.note:
        last += f"{'' if at_line_start else chr(10)}{ended.note}\n"
    if last:
        keep.add(last)
        yield last
    return ExecResult(
        exit_code=ended.code,
        signal=signal_of(ended.code),
        timed_out=timed_out,
        truncated=keep.truncated or flooded,
        output=keep.text(),
        seconds=time.monotonic() - started,
    )


SPAWNED = {"PYTHONUNBUFFERED": "1"}
"""The environment of commands that go on: what they print is looked at while they run."""


def signal_of(code: int | None) -> int | None:
    """A shell reports the signal that ended a command as 128 + its number. No code: we killed it."""
    if code is None:
        return SIGKILL
    return code - SHELL_SIGNAL_BASE if 0 < code - SHELL_SIGNAL_BASE <= LAST_SIGNAL else None
