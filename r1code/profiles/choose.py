"""The profile of a session: named, perhaps pointed at another server, and ready to be used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace

from r1code.errors import UsageError
from r1code.profiles.loader import Named, host_of, load_profiles, wrong_url
from r1code.profiles.profile import Profile

ANY_SERVER = "openai-compatible"
"""The profile that a base URL alone means."""
RETIRED = {("api.deepseek.com", "deepseek-reasoner"): "2026-07-24"}
"""Models that a host used to serve, and the day that it stopped. Their names are no profiles, and explained."""


def find_profile(
    name: str,
    user_file: Path | None = None,
    *,
    base_url: str | None = None,
    model: str | None = None,
    effort: str | None = None,
) -> Profile:
    """The profile `name`: at another server, with another model, or thinking more or less, where one is given.

    Raises UsageError if it cannot be used.
    """
    profile = named(name, load_profiles(user_file)).profile
    if base_url is not None or model is not None:
        profile = _pointed(name, profile, base_url, model)
    _check(name, profile)
    return profile if effort is None else _thinking(name, profile, effort)


def named(name: str, profiles: Mapping[str, Named]) -> Named:
    """The one of that name. Raises UsageError that says which there are, or why there is none any more."""
    if name in profiles:
        return profiles[name]
    for (host, gone), date in RETIRED.items():
        if name == gone:
            raise _retired(host, gone, date)
    raise UsageError(
        f"there is no profile {name!r}",
        why=f"the profiles are: {', '.join(sorted(profiles))}",
        hint="choose one of them with --profile; `r1code profiles` says what they are",
    )


def key_of(profile: Profile, environ: Mapping[str, str]) -> str | None:
    """The key to send, or None. Raises UsageError where one is needed and there is none."""
    key = environ.get(profile.key_env, "").strip() if profile.key_env else ""
    if key and not (key.isascii() and key.isprintable()):
        raise UsageError(
            f"the key in {profile.key_env} cannot be sent",
            why="it holds characters that no HTTP header may carry",
            hint=f"copy the key again and set {profile.key_env} to it",
        )
    if key or profile.key_env is None:
        return key or None
    if profile.key_required:
        raise UsageError(
            "there is no key for the model's server",
            why=f"the environment variable {profile.key_env} is not set, and {profile.label} needs it",
            hint=f"r1code auth login keeps one; or export {profile.key_env}=..., or choose another profile",
        )
    return None


def _pointed(name: str, profile: Profile, base_url: str | None, model: str | None) -> Profile:
    if profile.provider != "chat":
        raise UsageError(
            f"the profile {name!r} has no server",
            why="--base-url and --model (or R1CODE_BASE_URL, R1CODE_MODEL_NAME) choose one",
            hint=f"leave them out, or use --profile {ANY_SERVER}",
        )
    if base_url is not None and (wrong := wrong_url(base_url)):
        raise UsageError(
            "the base URL cannot be used", why=wrong, hint="--base-url http://localhost:8000/v1, for example"
        )
    moved = base_url is not None and bool(profile.base_url) and host_of(base_url) != host_of(profile.base_url)
    if moved and profile.key_env and profile.key_required:
        raise UsageError(
            f"the profile {name!r} belongs to {host_of(profile.base_url)}",
            why=f"with another base URL, its key in {profile.key_env} would be sent to {host_of(base_url)}",
            hint=f"use --profile {ANY_SERVER}, or write a profile of your own (docs/profiles.md)",
        )
    label = profile.label
    if model is not None and model != profile.model and name != ANY_SERVER:
        label = f"{label}; asked for as {model}"
    return replace(
        profile,
        label=label,
        base_url=base_url or profile.base_url,
        model=model or profile.model,
        price=None if moved or (model or profile.model) != profile.model else profile.price,
    )


def _thinking(name: str, profile: Profile, effort: str) -> Profile:
    """Raises UsageError where the model cannot be told."""
    levels = profile.thinking.efforts
    if effort not in levels:
        known = f"its levels are: {', '.join(levels)}"
        raise UsageError(
            f"the profile {name!r} has no effort {effort!r}",
            why=known if levels else "how much it thinks cannot be chosen in a request",
            hint="leave --effort (or R1CODE_EFFORT) out, or choose one that it has",
        )
    label = profile.label if effort == profile.thinking.effort else f"{profile.label}; effort: {effort}"
    return replace(profile, label=label, thinking=replace(profile.thinking, effort=effort))


def _retired(host: str, model: str, date: str) -> UsageError:
    return UsageError(
        f"the model {model} does not exist any more",
        why=f"DeepSeek retired it on {date}; {host} serves newer models, and R1 no longer",
        hint="--profile deepseek-flash for the hosted model, or R1 itself: --profile vllm-r1-0528 on your own "
        "vLLM, --profile openrouter-r1-0528 on a host that still serves it",
    )


def _check(name: str, profile: Profile) -> None:
    if profile.provider != "chat":
        return
    host = urlsplit(profile.base_url).hostname or ""
    retired = RETIRED.get((host, profile.model))
    if retired is not None:
        raise _retired(host, profile.model, retired)
    missing = [
        flag for flag, value in (("--base-url", profile.base_url), ("--model", profile.model)) if not value
    ]
    if missing:
        raise UsageError(
            f"the profile {name!r} needs {' and '.join(missing)}",
            why=profile.notes or "it can be any server, and does not say which",
            hint=f"r1code --profile {name} --base-url http://localhost:8000/v1 --model NAME",
        )
