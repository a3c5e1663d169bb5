"""How a vLLM was started, as far as its metrics show it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1code.app.checkup.evidence import Engine, Evidence
from r1code.app.checkup.finding import Finding, ok, warning

_CONFIG = re.compile(r"^vllm:cache_config_info\{([^}\n]*)\} ", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"\n]*)"')
_SPECULATIVE = re.compile(r"^vllm:spec_decode_num_draft", re.MULTILINE)


def read_engine(metrics: str) -> Engine | None:
    """None: it does not say."""
    config = _CONFIG.search(metrics)
    if config is None:
        return None
    labels = dict(_LABEL.findall(config[1]))
    size, blocks = (_number(labels.get(name)) for name in ("block_size", "num_gpu_blocks"))
    told = {"True": True, "False": False}.get(labels.get("enable_prefix_caching", ""))
    return Engine(
        caching=told,
        room=size * blocks if size and blocks else None,
        speculative=_SPECULATIVE.search(metrics) is not None,
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def diagnose(seen: Evidence, window: int | None) -> Iterator[Finding]:
    """Whether what it keeps in memory is enough for one conversation, and for how many."""
    room = None if seen.engine is None else seen.engine.room
    if room is None or window is None:
        return
    if room < window:
        advice = f"start vLLM with --max-model-len {room}, with --kv-cache-dtype fp8, or on more memory"
        yield warning("room", f"{room:,} tokens for all requests: less than one window of {window:,}", advice)
    else:
        yield ok("room", f"{room:,} tokens for all requests: {room / window:.1f} whole windows")
