"""A checkup of what the user names: a profile, a URL, or what a session would use."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from r1code.app.checkup.evidence import Target
from r1code.app.keys import environment
from r1code.profiles import ANY_SERVER, find_profile, key_of, load_profiles, named


def target_of(word: str, model: str | None, user_file: Path) -> Target:
    """What a profile's name or a URL means. Raises UsageError where it means nothing.

    `localhost:8000` is a URL, too: no profile's name has a colon.
    """
    if ":" in word and "://" not in word:
        word = f"http://{word}"
    if "://" not in word:
        below = find_profile(word, user_file) if model is None else named(word, load_profiles(user_file)).profile
        profile = below if model is None else find_profile(word, user_file, model=model)
        return Target(name=word, profile=profile, below=None if model is None else below)
    # Which models there are is found out, so none has to be named.
    profile = find_profile(ANY_SERVER, user_file, base_url=word, model=model or "unknown")
    return Target(name="", profile=profile if model else replace(profile, model=""))


def with_key(target: Target) -> tuple[Target, str | None]:
    """The key to send: of the environment, or one that is kept. Where it is missing that is a finding, no error.

    Raises UsageError where the kept ones cannot be used.
    """
    profile, environ = target.profile, environment()
    if profile.key_env and profile.key_required and not environ.get(profile.key_env, "").strip():
        return replace(target, key="missing"), None
    key = key_of(profile, environ)
    return replace(target, key="none" if key is None else "set"), key
