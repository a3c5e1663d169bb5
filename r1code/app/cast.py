"""Who speaks in a session in which role, and how one of several candidates differs from that."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from r1code.app.backend import planner_profile, provider_of, script_of
from r1code.app.speaker import Speaker, replayed
from r1code.app.toolbox import Toolbox
from r1code.config import Config
from r1code.profiles import Profile
from r1code.providers.base import Provider
from r1code.repair.variant import Variant
from r1code.types import Part

Cast = dict[Part, Speaker]


def cast_of(
    actor: tuple[str, Profile, Provider],
    config: Config,
    *,
    toolbox: Callable[[Profile], Toolbox],
    reach: Callable[[Profile], Provider],
    is_replay: bool,
) -> Cast:
    """Without a profile of its own, the planner is the actor's model. `reach` makes a provider."""
    name, profile, provider = actor
    speaker = Speaker(name=name, profile=profile, provider=provider, tools=toolbox(profile))
    planner = planner_profile(config)
    if planner is None:
        return {"actor": speaker, "planner": speaker}
    name, planning = planner
    if is_replay:
        planning = replayed(planning)
    elif planning != profile:
        provider = reach(planning)
    other = Speaker(name=name, profile=planning, provider=provider, tools=toolbox(planning))
    return {"actor": speaker, "planner": other}


def varied(cast: Cast, variant: Variant, config: Config, toolbox: Callable[[Profile], Toolbox]) -> Cast:
    """The same for one candidate: tools of its own, its temperature, and its part of a script."""

    def speaker(one: Speaker) -> Speaker:
        profile, provider = one.profile, one.provider
        if variant.temperature is not None:
            profile = replace(profile, sampling=replace(profile.sampling, temperature=variant.temperature))
        script = script_of(profile, config)
        if script is not None and any(reply.candidate is not None for reply in script):
            provider = provider_of(profile, config, say=_nobody, session=str, candidate=variant.number)
        return Speaker(name=one.name, profile=profile, provider=provider, tools=toolbox(profile))

    return {role: speaker(one) for role, one in cast.items()}


def _nobody(_text: str) -> None:
    """A script has nothing to say."""
