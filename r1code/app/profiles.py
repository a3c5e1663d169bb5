"""The profiles as a person or a program asks for them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import msgspec

from r1code.profiles import Named, Peak, Price, Profile

WIDTH = 80
_INDENT = " " * 4
_UNKNOWN = "not known"
_ABSENT = {
    "context_window": _UNKNOWN,
    "max_output": _UNKNOWN,
    "template": _UNKNOWN,
    "price": "not known, or only its owner's business",
    "key_env": "no key is sent",
    "session_header": "none",
    "session_field": "none",
    "infill": "it fills no holes",
    "sampling.temperature": "not sent",
    "sampling.top_p": "not sent",
    "sampling.max_tokens": "not sent",
    "thinking.effort": "cannot be chosen",
    "thinking.budget_field": "none: it cannot be limited by the server",
}
"""What a missing value means."""


def as_table(profiles: Sequence[Named], environ: Mapping[str, str]) -> str:
    """For each its name, whether it is R1, what it needs, and below that what it really is; 80 columns wide."""
    width = max(len("NAME"), *(len(one.name) for one in profiles))
    lines = [f"{'NAME':<{width}}  R1   NEEDS"]
    for one in profiles:
        head = f"{one.name:<{width}}  {'yes' if one.profile.is_r1 else 'no':<3}  "
        lines += _wrapped(_needs(one.profile, environ), head, " " * len(head))
        lines += _wrapped(one.profile.label, _INDENT, _INDENT)
    return "\n".join([*lines, "", "`r1code profiles show NAME` shows all of one, its prices too."])


def as_details(one: Named, environ: Mapping[str, str]) -> str:
    """Every value of a profile, with what a missing one means, which are not confirmed, and what it costs."""
    profile = one.profile
    rows = [("name", one.name), ("from", one.origin), ("needs", _needs(profile, environ))]
    rows += [
        (key, f"{value} (not confirmed)" if key.partition(".")[0] in profile.unverified else value)
        for key, value in _values(profile)
    ]
    width = max(len(key) for key, _ in rows)
    lines: list[str] = []
    for key, value in rows:
        lines += _wrapped(value, f"{key:<{width}}  ", " " * (width + 2))
    return "\n".join(lines)


def as_json(profiles: Sequence[Named], environ: Mapping[str, str], *, alone: bool = False) -> str:
    """A list of the profiles with all their keys, and `name`, `origin`, `key_set`; never a key's value.

    `alone`: the only one, not in a list.
    """
    rows = [
        {
            "name": one.name,
            "origin": one.origin,
            "key_set": _is_set(one.profile, environ),
            **msgspec.to_builtins(one.profile),
        }
        for one in profiles
    ]
    return msgspec.json.format(msgspec.json.encode(rows[0] if alone else rows), indent=2).decode()


def _wrapped(text: str, first: str, later: str) -> list[str]:
    return textwrap.wrap(
        text or "-",
        WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _values(profile: Profile) -> Iterator[tuple[str, str]]:
    for key in Profile.__struct_fields__:
        value = getattr(profile, key)
        if isinstance(value, Price):
            yield from _prices(value)
        elif isinstance(value, msgspec.Struct):
            for inner in value.__struct_fields__:
                yield f"{key}.{inner}", _shown(f"{key}.{inner}", getattr(value, inner))
        else:
            yield key, _shown(key, value)


def _shown(key: str, value: object) -> str:
    if value is None:
        return _ABSENT.get(key, "none")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple) and key in {"sources", "unverified", "edits"}:
        return ", ".join(cast("tuple[str, ...]", value)) or "none"
    if isinstance(value, dict | tuple):
        # With blanks, so that it can be wrapped.
        return json.dumps(value) if value else "none"
    return str(value)


def _prices(price: Price) -> Iterator[tuple[str, str]]:
    """Per million tokens; with the price of the busiest hours where there are such."""
    for key, value in (("hit", price.hit), ("miss", price.miss), ("output", price.output)):
        yield f"price.{key}", _UNKNOWN if value is None else _amount(value, price)
    yield "price.peak", "none: the same at all hours" if price.peak is None else _hours(price.peak)
    yield "price.date", price.date
    yield "price.source", price.source


def _amount(value: float, price: Price) -> str:
    peak = "" if price.peak is None else f" ({value * price.peak.factor:g} at peak hours)"
    return f"{value:g} {price.currency} per million tokens{peak}"


def _hours(peak: Peak) -> str:
    hours = " and ".join(f"{first:02}:00-{last:02}:00" for first, last in peak.hours)
    return f"x {peak.factor:g} on {', '.join(peak.days)}, {hours} at UTC{peak.utc_offset:+g}"


def _needs(profile: Profile, environ: Mapping[str, str]) -> str:
    if profile.provider == "scripted":
        return "--replies"
    if profile.provider == "local":
        return "-"
    missing = (("--base-url", profile.base_url), ("--model", profile.model))
    needs = [flag for flag, value in missing if not value]
    if profile.key_env is not None and (profile.key_required or _is_set(profile, environ)):
        needs.append(f"{profile.key_env} ({'set' if _is_set(profile, environ) else 'not set'})")
    elif profile.base_url:
        needs.append(f"a server at {profile.base_url}")
    return ", ".join(needs)


def _is_set(profile: Profile, environ: Mapping[str, str]) -> bool:
    return bool(profile.key_env and environ.get(profile.key_env, "").strip())
