"""What is piped into r1code with a task: `git diff | r1code -p "Review this"`."""

from __future__ import annotations

import io
import os
import select
import stat
import time
from collections.abc import Callable
from typing import TextIO

from r1code import prompts
from r1code.app.task import Task
from r1code.config import Config
from r1code.control import POLL_SECONDS, Control
from r1code.errors import UsageError
from r1code.profiles import Profile
from r1code.profiles.room import room_of
from r1code.profiles.tokenizers import tokenizer_of
from r1code.secrets.values import Hide
from r1code.tools.truncation import clean, clip

MOST_BYTES = 20_000_000
_PATIENCE_SECONDS = 2.0
"""Before it is said what is waited for."""
_PIECE = 1 << 16


def piped(source: TextIO, control: Control, say: Callable[[str], None]) -> str:
    """All of it, if `source` is a pipe or a file; empty for what is neither, and for what is empty.

    Raises UsageError for what is no text or too long, and Cancelled.
    """
    try:
        descriptor = source.fileno()
    except io.UnsupportedOperation:
        # Whoever called us put something of their own there.
        return ""
    mode = os.fstat(descriptor).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISREG(mode)):
        return ""
    data, since, said = bytearray(), time.monotonic(), False
    while len(data) <= MOST_BYTES:
        control.check()
        if not select.select([descriptor], [], [], POLL_SECONDS)[0]:
            if not said and time.monotonic() - since > _PATIENCE_SECONDS:
                say("waiting for the end of standard input; </dev/null where there is none")
                said = True
            continue
        piece = os.read(descriptor, _PIECE)
        if not piece:
            return _text(bytes(data))
        data += piece
    raise UsageError(
        "standard input is too long",
        why=f"more than {MOST_BYTES // 1_000_000} MB came",
        hint="pipe in the part that matters, or write it to a file and mention that",
    )


def _text(data: bytes) -> str:
    if b"\0" in data:
        raise UsageError(
            "standard input is no text",
            why="it holds binary data, and R1 reads text only",
            hint="pipe in text, for example through `strings` or `base64 -w0`",
        )
    return data.decode("utf-8", "replace")


def with_task(
    mentioned: str, task: Task, profile: Profile, config: Config, *, hide: Hide, say: Callable[[str], None]
) -> str:
    """All that goes with a task: what it mentions, what was piped in with it, and what its answer has to be."""
    parts = [mentioned]
    if task.piped:
        # Before it is cut: half a secret is not recognised.
        text = clean(hide(task.piped)).removesuffix("\n")
        most, lines = 2 * room_of(profile, config.working_context).observation, text.count("\n") + 1
        clipped = clip(text, most, tokenizer_of(profile).count, tail=0.0)
        cut = f", the first {clipped.head} of them" if clipped.cut_lines else ""
        say(f"told to the model: standard input ({lines} lines{cut})")
        parts.append(prompts.load("piped", lines=lines, text=clipped.text))
    if task.answer is not None:
        parts.append(prompts.load("answered", schema=clean(task.answer.schema)))
    return "\n\n".join(filter(None, parts))
