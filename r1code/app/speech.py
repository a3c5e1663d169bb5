"""How a profile's model is spoken to: its dialect, and the instructions that go with it."""

from __future__ import annotations

from r1code import prompts
from r1code.dialects.base import Dialect
from r1code.dialects.native import NativeDialect
from r1code.dialects.text import TextDialect
from r1code.profiles import Profile
from r1code.tools.toolset import Toolset


def dialect_of(profile: Profile, toolset: Toolset) -> Dialect:
    if profile.dialect == "native":
        replay = profile.replay == "tool_turns"
        return NativeDialect(toolset.specs, system=profile.system, replay=replay)
    return TextDialect(system=profile.system)


def instructions_of(profile: Profile, toolset: Toolset) -> str:
    """In the native dialect the tools are told of as functions, not in words."""
    tools = [] if profile.dialect == "native" else toolset.descriptions
    return prompts.load("instructions", tools=tools)
