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
    ended: Exit | None = None
    note = ""
    try:
        while not note:
            try:
                data = running.read(control, max(0.0, started + seconds - time.monotonic()))
            except TimeoutError:
                note = f"[killed: it ran longer than the limit of {seconds:g} s]"
                break
            if not data:
                ended = running.exit()
                break
            printed += len(data)
            text = decoder.decode(data)
            if text:
                keep.add(text)
                yield text
            if printed > limits.flood_bytes:
                note = f"[killed: it printed more than the limit of {limits.flood_bytes} bytes]"
    finally:
        if ended is None:
            running.kill(control)
    timed_out = ended is None and printed <= limits.flood_bytes
    ended = ended or Exit(code=None, note=note)
    last = decoder.decode(b"", final=True) + (f"\n{ended.note}\n" if ended.note else "")
    if last:
        keep.add(last)
        yield last
    return ExecResult(
        exit_code=ended.code,
        signal=_signal(ended.code),
        timed_out=timed_out,
        truncated=keep.truncated or printed > limits.flood_bytes,
        output=keep.text(),
        seconds=time.monotonic() - started,
    )


def _signal(code: int | None) -> int | None:
    """A shell reports the signal that ended a command as 128 + its number. No code: we killed it."""
    if code is None:
        return SIGKILL
    return code - SHELL_SIGNAL_BASE if 0 < code - SHELL_SIGNAL_BASE <= LAST_SIGNAL else None
