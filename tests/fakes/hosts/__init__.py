"""The servers that a fake can be: what each takes, what it refuses in which words, how it sends an answer."""

from __future__ import annotations

from fakes.hosts.base import Body, Host, Refusal, Rules, Style
from fakes.hosts.deepseek import DEEPSEEK, R1_ERA, V3_2
from fakes.hosts.openai import O1, OPENAI
from fakes.hosts.vllm import VLLM

__all__ = ["HOSTS", "Body", "Host", "Refusal", "Rules", "Style"]

HOSTS: dict[Style, Host] = {
    "openai": OPENAI,
    "o1": O1,
    "deepseek": DEEPSEEK,
    "deepseek-v3.2": V3_2,
    "r1-era": R1_ERA,
    "vllm": VLLM,
}
