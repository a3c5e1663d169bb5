"""Who speaks in a session."""

from __future__ import annotations

from msgspec import Struct

from r1code.app.toolbox import Toolbox
from r1code.profiles import Profile
from r1code.providers.base import Provider


class Speaker(Struct, frozen=True, kw_only=True):
    """Who has a role: a profile, and what it is reached and offered with."""

    name: str
    profile: Profile
    provider: Provider
    tools: Toolbox
