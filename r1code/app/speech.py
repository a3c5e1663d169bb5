"""How a profile's model is spoken to: its dialect, and the instructions that go with it."""

from __future__ import annotations

from r1code import prompts
from r1code.context import Model
from r1code.dialects.base import Dialect
from r1code.dialects.native import NativeDialect
from r1code.dialects.text import TextDialect
from r1code.log import Switched
from r1code.profiles import Named, Profile
from r1code.providers.base import Provider
from r1code.sandbox.network import NO_NETWORK, Network
from r1code.session import Session
from r1code.tools.toolset import Toolset


def dialect_of(profile: Profile, toolset: Toolset) -> Dialect:
    if profile.dialect == "native":
        replay = profile.replay == "tool_turns"
        return NativeDialect(toolset.specs, system=profile.system, replay=replay)
    return TextDialect(system=profile.system)


def instructions_of(profile: Profile, toolset: Toolset, network: Network = NO_NETWORK) -> str:
    """What a model is told before its task. In the native dialect the tools are functions, and not in words."""
    tools = [] if profile.dialect == "native" else toolset.descriptions
    told = prompts.load("instructions", tools=tools)
    if network.kind != "none":
        told += prompts.load("network", kind=network.kind, hosts=network.text)
    return told


def switch(
    session: Session, model: Model, toolset: Toolset, network: Network, *, to: Named, provider: Provider
) -> Model:
    """Lets another profile answer from now on, between two turns, and says so in the log.

    What is kept of a session names no dialect, so the new one renders it anew: with the instructions and roles of
    the new model, and with the old one's reasoning only where the dialect sends any back. Budget and cost are the
    meter's, which a switch does not touch. The old provider is the caller's to close. Raises StateError when the
    log cannot be written; then the old model goes on.
    """
    session.append(Switched(profile=to.name))
    instructions = instructions_of(to.profile, toolset, network)
    return model.switched(to.profile, provider, dialect_of(to.profile, toolset), instructions)
