"""How a profile's model is spoken to: its dialect, and the instructions that go with it."""

from __future__ import annotations

from r1code import prompts
from r1code.dialects.base import Dialect
from r1code.dialects.native import NativeDialect
from r1code.dialects.text import TextDialect
from r1code.profiles import Profile
from r1code.sandbox.network import NO_NETWORK, Network
from r1code.tools.toolset import Toolset


def dialect_of(profile: Profile, toolset: Toolset) -> Dialect:
    if profile.dialect == "native":
        replay = profile.replay == "tool_turns"
        return NativeDialect(toolset.specs, system=profile.system, replay=replay)
    return TextDialect(system=profile.system)


def instructions_of(
    profile: Profile, toolset: Toolset, network: Network = NO_NETWORK, *, talks: bool = False
) -> str:
    """What a model is told before its task. In the native dialect the tools are functions, and not in words.

    `talks`: a person reads along, and answers.
    """
    tools = [] if profile.dialect == "native" else toolset.descriptions
    told = prompts.load("instructions", tools=tools)
    if network.kind != "none":
        told += prompts.load("network", kind=network.kind, hosts=network.text)
    if talks:
        told += prompts.load("conversation")
    return told
