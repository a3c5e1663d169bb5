"""The profiles as a person or a program asks for them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from r1code.profiles import Named, Profile


def as_table(profiles: Mapping[str, Named], environ: Mapping[str, str]) -> str:
    """One line for each: its name, whether it is R1, what it needs, what it really is."""
    head = ("NAME", "R1", "NEEDS", "WHAT IT IS")
    rows = [
        (name, "yes" if one.profile.is_r1 else "no", _needs(one.profile, environ), one.profile.label)
        for name, one in profiles.items()
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(3)]
    return "\n".join(
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in (head, *rows)
    )


def as_json(profiles: Mapping[str, Named], environ: Mapping[str, str]) -> str:
    """A list of the profiles with all their keys, and `name`, `origin`, `key_set`; never a key's value."""
    rows = [
        {
            "name": name,
            "origin": one.origin,
            "key_set": _is_set(one.profile, environ),
            **msgspec.to_builtins(one.profile),
        }
        for name, one in profiles.items()
    ]
    return msgspec.json.format(msgspec.json.encode(rows), indent=2).decode()


def _needs(profile: Profile, environ: Mapping[str, str]) -> str:
    if profile.provider == "scripted":
        return "--replies"
    if profile.provider == "local":
        return "-"
    needs: list[str] = []
    if not profile.base_url or not profile.model:
        needs.append("--base-url, --model")
    if profile.key_env is not None and (profile.key_required or _is_set(profile, environ)):
        needs.append(f"{profile.key_env} ({'set' if _is_set(profile, environ) else 'not set'})")
    elif profile.base_url:
        needs.append(f"a server at {profile.base_url}")
    return ", ".join(needs)


def _is_set(profile: Profile, environ: Mapping[str, str]) -> bool:
    return bool(profile.key_env and environ.get(profile.key_env, "").strip())
