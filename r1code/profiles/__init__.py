"""Profiles: named models with how they are reached and spoken to. Data, not code."""

from __future__ import annotations

from r1code.profiles.choose import ANY_SERVER, find_profile, key_of, named
from r1code.profiles.loader import Named, load_profiles
from r1code.profiles.price import Cost, Peak, Price
from r1code.profiles.profile import Infill, Profile, Sampling, Thinking, Timers

__all__ = [
    "ANY_SERVER",
    "Cost",
    "Infill",
    "Named",
    "Peak",
    "Price",
    "Profile",
    "Sampling",
    "Thinking",
    "Timers",
    "find_profile",
    "key_of",
    "load_profiles",
    "named",
]
