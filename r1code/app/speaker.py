"""Who speaks in a session."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from r1code.app.toolbox import Toolbox
from r1code.profiles import Profile
from r1code.profiles.profile import Thinking
from r1code.providers.base import Provider


class Speaker(Struct, frozen=True, kw_only=True):
    """Who has a role: a profile, and what it is reached and offered with."""

    name: str
    profile: Profile
    provider: Provider
    tools: Toolbox


def replayed(profile: Profile) -> Profile:
    """For replies of a log: they are split, and what was cut of them is in it already."""
    return replace(profile, reasoning="none", thinking=Thinking())
