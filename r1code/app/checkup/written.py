"""The profile that was found, in the user's own file of profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import msgspec

from r1code.app.checkup.context import window_of
from r1code.app.checkup.evidence import Evidence, Target, base_of
from r1code.app.checkup.names import Kin, kin, kin_of
from r1code.app.checkup.speaking import start_of
from r1code.app.kept import alone
from r1code.app.own_file import document_of, rewrite
from r1code.errors import UsageError
from r1code.profiles import load_profiles
from r1code.profiles.profile import Profile

_SAMPLING = {"temperature": 0.6, "top_p": 0.95}
"""As R1's card asks; its distills are served alike."""
_BUDGET = 16_384
"""Tokens that R1 and its distills may think in a step (docs/governor.md)."""
_LIKE_R1 = {"r1", "distill"}


def table_of(seen: Evidence, target: Target) -> dict[str, Any]:
    """What the profile says: what was seen, on top of the profile that was checked, where it was one.

    Raises UsageError where the model did not answer.
    """
    if seen.first is None or seen.first.trouble is not None:
        raise UsageError(
            "there is no profile to write",
            why="the model did not answer, so nothing is known about it",
            hint="put right what is wrong above, and try again",
        )
    profile = target.profile
    believed = msgspec.to_builtins(target.below or profile)
    is_new = not target.name or profile.model != believed["model"]
    found = _found(seen, profile)
    if thinking := _thinking(seen, profile, is_new=is_new):
        found["thinking"] = thinking
    if not target.name:
        key: dict[str, Any] = {"key_required": seen.keyless_status in {401, 403}}
        key |= {} if profile.key_env is None else {"key_env": profile.key_env}
        return {**_who(seen, profile), "provider": "chat", "base_url": profile.base_url, **key, **found}
    if target.below is not None:
        found["base_url"] = profile.base_url
    changed = {key: value for key, value in found.items() if not _says(believed.get(key), value)}
    who = _who(seen, profile) if is_new else {}
    return {"extends": target.name, **who, **changed}


def _says(believed: object, value: object) -> bool:
    """Whether a profile says this already; of a table what is in it."""
    if isinstance(believed, dict) and isinstance(value, dict):
        return cast("dict[str, Any]", believed).items() >= cast("dict[str, Any]", value).items()
    return believed == value


def _who(seen: Evidence, profile: Profile) -> dict[str, Any]:
    """What it is, and how such a model is asked."""
    root, known = _root(seen, profile), _kin(seen, profile)
    student = base_of(seen.listed, profile.model).id != profile.model
    what = profile.model if known.family == "unknown" else known.words
    # Called R1 by whoever started the server, and loaded from what does not say so: that is no proof.
    proven = root in {"", profile.model} or kin(root).family != "unknown"
    what = f"an adapter on {what}" if student else what
    label = f"{what}{'' if proven else ', as it is called'}: {profile.model} at {profile.base_url}"
    who = {"label": label, "is_r1": proven and known.family == "r1" and not student}
    asked = {"sampling": _SAMPLING, "tokenizer": known.tokenizer} if known.family in _LIKE_R1 else {}
    return {**who, "model": profile.model, **asked}


def _root(seen: Evidence, profile: Profile) -> str:
    return base_of(seen.listed, profile.model).root


def _kin(seen: Evidence, profile: Profile) -> Kin:
    return kin_of(base_of(seen.listed, profile.model).id, _root(seen, profile))


def write_profile(name: str, table: dict[str, Any], file: Path, *, force: bool) -> None:
    """Adds [name] to `file` and leaves all else in it as it is. Raises UsageError, and then changes nothing."""
    with alone(file):
        document = document_of(file)
        if name in document and not force:
            raise UsageError(
                f"there is a profile {name!r} in {file}",
                why="it may be yours",
                hint="--force replaces it, or choose another name",
            )
        if name in document and table.get("extends") == name:
            # The user's own table was checked: it goes on, with what was found.
            found = {key: value for key, value in table.items() if key != "extends"}
            table = {**document[name].unwrap(), **found}
        document[name] = table
        # A profile that r1code itself refuses must not get there.
        rewrite(file, document, load_profiles)


def _found(seen: Evidence, profile: Profile) -> dict[str, Any]:
    """The keys that the evidence decides."""
    found = dict[str, Any]()
    if seen.first is not None and (start := start_of(seen.first, seen)) is not None:
        found["reasoning"] = start
    if (window := window_of(seen, profile.model)) is not None:
        found["context_window"] = window
    if seen.most_output is not None:
        found["max_output"] = seen.most_output
    if seen.limit_field:
        found["max_tokens_field"] = seen.limit_field
    if seen.prompt is not None:
        found["system"] = seen.prompt.system
    elif seen.roles is not None:
        alone = seen.system_alone is not None and seen.system_alone.trouble is None
        found["system"] = seen.roles.trouble is None or alone
    return found


def _thinking(seen: Evidence, profile: Profile, *, is_new: bool) -> dict[str, Any]:
    """What the governor needs to know. `is_new`: no profile has said yet how much the model may think."""
    found = dict[str, Any]()
    if seen.budgeted is not None and seen.budgeted.trouble is None:
        found["budget_field"] = "thinking_token_budget"
        # What closes reasoning that is continued is a budget.
        if seen.continued is not None and seen.continued.trouble is None:
            found["cut"] = "continue"
    if is_new and profile.thinking.budget is None and _kin(seen, profile).family in _LIKE_R1:
        found["budget"] = _BUDGET
    return found
