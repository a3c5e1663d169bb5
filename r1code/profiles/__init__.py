"""Profiles: named models with how they are reached and spoken to. Data, not code."""

from __future__ import annotations

from importlib import resources

import msgspec
from msgspec import Struct

from r1code.errors import UsageError


class Sampling(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    label: str
    """What it really is, in words for a person."""
    provider: str
    model: str = ""
    reasoning: str = "in_prompt"
    """Where the reasoning starts: in_prompt, tag, field, or none."""
    system: bool = False
    """Whether the model takes a system message."""
    sampling: Sampling = Sampling()


def load_profiles() -> dict[str, Profile]:
    """The shipped profiles, by name."""
    data = resources.files(__name__).joinpath("profiles.toml").read_bytes()
    return msgspec.toml.decode(data, type=dict[str, Profile])


def find_profile(name: str) -> Profile:
    """Raises UsageError for a name that is not there."""
    profiles = load_profiles()
    if name not in profiles:
        raise UsageError(
            f"there is no profile {name!r}",
            why=f"the profiles are: {', '.join(sorted(profiles))}",
            hint="choose one of them with --profile",
        )
    return profiles[name]
