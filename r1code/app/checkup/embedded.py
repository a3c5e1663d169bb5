"""The embedded model on this machine: its weights, the memory that they need, and how fast it answers."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Iterator
from pathlib import Path

from r1code.app.checkup.finding import Finding, ok, warning, wrong
from r1code.app.model import describe_model, local_provider
from r1code.control import Control
from r1code.dialects.base import ChatMessage, Request
from r1code.errors import R1CodeError
from r1code.profiles import Profile
from r1code.providers.base import Done
from r1code.providers.weights import find_weights, load_weights

_OVERHEAD_BYTES = 1_400_000_000
"""For the context and the program itself."""
_SLOW_PER_SECOND = 3.0
_ASKED = Request(messages=(ChatMessage(role="user", content="Count from one to twenty."),), max_tokens=32)


def check_embedded(profile: Profile, control: Control) -> Iterator[Finding]:
    """One line after the other, as they are found. Raises Cancelled."""
    yield ok("model", describe_model(profile))
    if importlib.util.find_spec("xllamacpp") is None:
        yield wrong("llama.cpp", "it is not installed: it is an extra of r1code", "pip install 'r1code[local]'")
        return
    weights = load_weights()
    found = find_weights(weights)
    if found is None:
        size = f"{weights.bytes / 1e9:.1f} GB"
        yield warning(
            "weights", f"not here yet ({size})", "`r1code model fetch` downloads them; so does the first use"
        )
        return
    yield ok("weights", str(found))
    yield _memory(found.stat().st_size + _OVERHEAD_BYTES)
    yield _speed(profile, control)


def _memory(needed: int) -> Finding:
    free = _free_bytes()
    words = f"it needs {needed / 1e9:.1f} GB"
    if free is None:
        return ok("memory", f"{words}; what is free is not known here")
    words = f"{words}, {free / 1e9:.1f} GB are free"
    if free < needed:
        return warning("memory", words, "close other programs, or choose a server with --profile")
    return ok("memory", words)


def _free_bytes() -> int | None:
    """What Linux could give without swapping."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = next((line.split() for line in lines if line.startswith("MemAvailable:")), None)
    return None if found is None else int(found[1]) * 1024


def _speed(profile: Profile, control: Control) -> Finding:
    provider = local_provider(profile, lambda _text: None)
    started, first, done = time.monotonic(), None, Done(finish="unknown")
    try:
        for item in provider.stream(_ASKED, control):
            if isinstance(item, Done):
                done = item
            elif first is None:
                first = time.monotonic()
    except R1CodeError as error:
        return wrong("answer", f"{error.what}: {error.why}", error.hint)
    finally:
        provider.close()
    ended = time.monotonic()
    if first is None or not done.usage.completion or ended <= first:
        return warning("answer", "it answered nothing", "look at R1CODE_MODEL, or fetch the weights again")
    rate = done.usage.completion / (ended - first)
    words = f"loaded and begun after {first - started:.1f} s, then {rate:.0f} tokens/s on {os.cpu_count()} cores"
    if rate < _SLOW_PER_SECOND:
        return warning(
            "speed", words, "other programs may be using the processor; a server is faster (--profile)"
        )
    return ok("speed", words)
