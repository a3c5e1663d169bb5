"""What vLLM's log says of how far it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

Stage = Literal["weights", "compile", "memory", "graphs"]


class Progress(Struct, frozen=True, kw_only=True):
    stage: Stage
    text: str
    done: int | None = None
    total: int | None = None
    tokens: int | None = None
    """Of KV cache, where the line says that."""


def seen_in(line: str) -> Progress | None:
    """None: nothing that a person waits for."""
    for pattern, made in _KNOWN:
        if (found := pattern.search(line)) is not None:
            return made(*found.groups())
    return None


def _shards(done: str, total: str) -> Progress:
    return Progress(stage="weights", text=f"weights: {done} of {total} files", done=int(done), total=int(total))


def _loaded(gib: str, seconds: str) -> Progress:
    return Progress(stage="weights", text=f"weights: {gib} GiB, loaded in {float(seconds):.0f} s")


def _compiled(seconds: str) -> Progress:
    return Progress(stage="compile", text=f"compiled in {float(seconds):.0f} s")


def _cache(tokens: str) -> Progress:
    return Progress(
        stage="memory", text=f"room for {tokens} tokens of KV cache", tokens=int(tokens.replace(",", ""))
    )


def _capturing(done: str, total: str) -> Progress:
    return Progress(stage="graphs", text=f"CUDA graphs: {done} of {total}", done=int(done), total=int(total))


def _captured(seconds: str) -> Progress:
    return Progress(stage="graphs", text=f"CUDA graphs captured in {seconds} s")


_KNOWN: tuple[tuple[re.Pattern[str], Callable[..., Progress]], ...] = (
    (re.compile(r"checkpoint shards:\s+\d+% Completed \| (\d+)/(\d+)"), _shards),
    (re.compile(r"Model loading took ([\d.]+) GiB memory and ([\d.]+) seconds"), _loaded),
    (re.compile(r"torch\.compile (?:takes|took) ([\d.]+) s"), _compiled),
    (re.compile(r"KV cache size: ([\d,]+) tokens"), _cache),
    (re.compile(r"Capturing CUDA graphs?\b.*?\| (\d+)/(\d+)"), _capturing),
    (re.compile(r"Graph capturing finished in (\d+) secs"), _captured),
)
