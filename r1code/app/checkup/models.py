"""Which models a profile's server has."""

from __future__ import annotations

from r1code.app.checkup.checkup import with_key
from r1code.app.checkup.evidence import Target
from r1code.app.checkup.plain import Plain
from r1code.app.checkup.probe import listed_in
from r1code.control import Control
from r1code.errors import ProviderError, UsageError
from r1code.profiles import Profile

_SECONDS = 15.0


def models_of(name: str, profile: Profile, control: Control) -> list[str]:
    """What the server of the profile `name` calls its models. Costs no tokens.

    Raises UsageError where there is no server, ProviderError where it says nothing, and Cancelled.
    """
    if profile.provider != "chat":
        raise UsageError(
            f"the profile {name} has one model",
            why="no server is asked for others",
            hint="/profile chooses another",
        )
    target, key = with_key(Target(name=name, profile=profile))
    url = f"{target.profile.base_url.rstrip('/')}/models"
    answered = Plain(key, control, seconds=_SECONDS).ask(url, keyed=True)
    listed = listed_in(answered)
    if listed is None:
        why = answered.why or f"it answered with the status {answered.status}, and no list"
        raise ProviderError(f"{url} names no models", why=why, hint="/doctor looks closer")
    return [one.id for one in listed]
