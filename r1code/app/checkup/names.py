"""What a model's name says that it is. A name may lie; nothing else says it."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from r1code.profiles.profile import TokenizerName

Family = Literal["r1", "distill", "other", "unknown"]


class Kin(Struct, frozen=True, kw_only=True):
    family: Family
    words: str
    """What it really is, for a person."""
    tokenizer: TokenizerName = "unknown"


_DISTILLED = re.compile(
    r"(?:distill?(?:ed)?|r1)[-_ ]*(qwen|llama)[-_ .]*(?:\d(?:\.\d)?[-_ ]+)?(\d+(?:\.\d+)?b)?", re.IGNORECASE
)
_KNOWN: tuple[tuple[str, Family, str], ...] = (
    (r"r1[-_]?0528[-_]?qwen3", "distill", "R1-0528-Qwen3-8B: Qwen3-8B taught by R1-0528, not R1"),
    (r"r1[-_]?zero", "other", "DeepSeek-R1-Zero: trained without examples, hard to read; not R1"),
    (r"r1[-_]?0528", "r1", "DeepSeek-R1-0528"),
    (r"(?:^|[/_.-])(?:deepseek[-_.]?)?r1(?=$|[-_:/.])", "r1", "DeepSeek-R1"),
    (
        r"deepseek[-_]reasoner",
        "other",
        "an alias that has not meant R1 since 2025-08-21 and was retired on 2026-07-24",
    ),
    (r"deepseek[-_](?:flash|chat|v\d|coder)", "other", "a DeepSeek model of another line, not R1"),
    (
        r"qwen|llama|gpt|(?:^|/)o\d|mistral|gemma|glm|kimi|claude|gemini|phi",
        "other",
        "another maker's model, not R1",
    ),
)
_SMALLER = re.compile(r"awq|gptq|int[48]|fp[48]|nvfp4|w[48]a\d+|gguf|q[2-8]_|bnb|dynamic", re.IGNORECASE)


def kin(name: str) -> Kin:
    """What `name`, or the path that a model was loaded from, says."""
    found = next((one for one in _KNOWN if re.search(one[0], name, re.IGNORECASE)), None)
    if found is None:
        return Kin(family="unknown", words="its name does not say what it is")
    _, family, words = found
    distilled = _DISTILLED.search(name)
    if family == "r1" and distilled is not None:
        base, size = distilled.group(1).title(), (distilled.group(2) or "").upper()
        family, words = (
            "distill",
            f"{'-'.join(filter(None, ('R1-Distill', base, size)))}: {base} taught by R1, not R1",
        )
    rounded = _SMALLER.search(name)
    if family in {"r1", "distill"} and rounded is not None:
        words = f"{words}; its name speaks of weights in {rounded.group().upper()}"
    return Kin(family=family, words=words, tokenizer=_tokenizer(family, name))


def kin_of(model: str, root: str) -> Kin:
    """Of a model that is served under any name: what it was loaded from is nearer to the truth."""
    loaded = kin(root)
    return kin(model) if loaded.family == "unknown" else loaded


def _tokenizer(family: Family, name: str) -> TokenizerName:
    if family == "r1":
        return "deepseek-r1"
    if family == "distill":
        return "llama-3" if "llama" in name.lower() else "r1-distill-qwen"
    return "unknown"
