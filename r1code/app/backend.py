"""Which model answers, and how it is reached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from r1code.app.folders import user_profiles
from r1code.app.keys import environment
from r1code.config import Config
from r1code.errors import UsageError
from r1code.governor.governor import think_tokens, thinking
from r1code.profiles import ANY_SERVER, Profile, find_profile, key_of, load_profiles
from r1code.providers.base import Provider
from r1code.providers.scripted import ScriptedProvider, ScriptedReply, load_script

Say = Callable[[str], None]

EMBEDDED = "embedded"
"""The profile that needs neither a key nor a server."""


def chosen_profile(config: Config) -> tuple[str, Profile]:
    name = config.profile or (EMBEDDED if config.base_url is None else ANY_SERVER)
    if config.profile is None and config.base_url is None:
        _no_key_is_ignored()
    profile = find_profile(
        name, user_profiles(), base_url=config.base_url, model=config.model_name, effort=config.effort
    )
    return name, thinking(profile, config.think)


def planner_profile(config: Config) -> tuple[str, Profile] | None:
    """The profile that makes plans: the flags that point a profile elsewhere are about the actor's.

    A budget for reasoning holds for both; switched off is the actor's only.
    """
    if config.planner is None:
        return None
    profile = find_profile(config.planner, user_profiles())
    off = config.think is not None and think_tokens(config.think) == 0
    return config.planner, thinking(profile, None if off else config.think)


def key_names(*, deepseek: bool = False) -> list[str]:
    """The variables that hold the keys of profiles; `deepseek`: only where a model of that family answers."""
    profiles = [one.profile for one in load_profiles(user_profiles()).values()]
    names = {one.key_env for one in profiles if not deepseek or "deepseek" in one.model.lower()}
    return sorted(filter(None, names))


def _no_key_is_ignored() -> None:
    """Raises UsageError where a key is set: its owner meant another model than the embedded one."""
    # Other makers' keys are in many environments for other programs.
    known = environment()
    keys = [name for name in key_names(deepseek=True) if known.get(name, "").strip()]
    if keys:
        raise UsageError(
            "no model was chosen",
            why=f"{' and '.join(keys)} could mean several, and code is sent nowhere unasked",
            hint="choose one with --profile; `r1code profiles` lists them, and `embedded` needs no key",
        )


def script_of(profile: Profile, config: Config) -> tuple[ScriptedReply, ...] | None:
    """The replies of a profile that plays back a file; None: it is none. Raises UsageError."""
    if profile.provider != "scripted":
        return None
    # What a profile names is its own; the flag is for whichever names nothing.
    replies = profile.model or config.replies
    if replies is None:
        raise UsageError(
            "the profile scripted has no replies",
            why="it plays back a file, and none was named",
            hint="name one with --replies FILE; docs/scripted.md says what it holds",
        )
    return load_script(Path(replies))


def provider_of(
    profile: Profile, config: Config, *, say: Say, session: Callable[[], str], candidate: int | None = None
) -> Provider:
    """`candidate`: for that one of a repair alone."""
    if profile.provider == "chat":
        key = key_of(profile, environment())
        from r1code.providers.chat import ChatProvider

        provider = ChatProvider(profile, key, session, say=say)
        if config.debug_http:
            if config.log_file is None:
                raise UsageError(
                    "--debug-http has no file", why="it writes to the one of --log-file", hint="--log-file FILE"
                )
            from r1code.app.diary import HttpDiary

            provider.spy = HttpDiary(Path(config.log_file), key)
        if config.traces is None:
            return provider
        from r1code.app.traces import Followed, marks

        provider.marks = marks
        return Followed(provider, profile.model)
    if (script := script_of(profile, config)) is not None:
        return ScriptedProvider(
            [one for one in script if candidate is None or one.candidate in {None, candidate}]
        )
    from r1code.app.model import local_provider

    return local_provider(profile, say)
