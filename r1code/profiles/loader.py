"""Profiles from files: the shipped ones, and the user's own on top of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from r1code.errors import UsageError
from r1code.profiles.profile import Profile

SHIPPED = "r1code's own profiles.toml"
REASONING = ("in_prompt", "tag", "field", "none")
RESERVED = frozenset(
    {
        "model",
        "messages",
        "tools",
        "stream",
        "stream_options",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "seed",
    }
)
"""What a request says already; extra_body may not say it differently."""

_HEADER = re.compile(r"""\s*\[\s*([\w."' -]+?)\s*\]""")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*[=.]""")

Table = dict[str, Any]


class Named(Struct, frozen=True, kw_only=True):
    """A profile, its name, and the file that it comes from."""

    name: str
    profile: Profile
    origin: str


def load_profiles(user_file: Path | None = None) -> dict[str, Named]:
    """The shipped profiles and those of `user_file`, by name. Raises UsageError that names file, profile and key.

    A user's table stands for itself, also under the name of a shipped profile; with `extends = "name"` it
    changes only what it says.
    """
    shipped = cast(
        "dict[str, Table]",
        msgspec.toml.decode(resources.files("r1code.profiles").joinpath("profiles.toml").read_bytes()),
    )
    own = {} if user_file is None else _tables(user_file)
    profiles: dict[str, Named] = {}
    for tables, origin in ((shipped, SHIPPED), (own, str(user_file))):
        for name in tables:
            profile = _profile(name, _merged(name, tables, shipped, origin), origin)
            profiles[name] = Named(name=name, profile=profile, origin=origin)
    return profiles


def _tables(path: Path) -> dict[str, Table]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{path} cannot be read", why=str(error), hint="fix its permissions") from error
    try:
        tables = msgspec.toml.decode(data, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise _no_tables(path, str(error)) from error
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise _no_tables(path, f"{name} is not a table")
    return tables


def _no_tables(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is not a file of profiles",
        why=why,
        hint="each profile is a table [name]; docs/profiles.md has the keys",
    )


def _merged(name: str, own: dict[str, Table], shipped: dict[str, Table], file: str) -> Table:
    """The table of `name` with those that it extends under it."""
    chain = [own[name]]
    source = {**shipped, **own}
    current = name
    while (parent := chain[-1].get("extends")) is not None:
        # A table that extends its own name means the shipped one; shipped ones build on shipped ones.
        if parent == current or current not in own:
            source = shipped
        if not isinstance(parent, str) or parent not in source or len(chain) > len(shipped) + len(own):
            known = ", ".join(sorted({**shipped, **own}))
            raise _error(name, file, f"extends = {parent!r} leads to no profile; there are: {known}")
        chain.append(source[parent])
        current = parent
    merged: Table = {}
    for table in reversed(chain):
        merged = _over(name, merged, {key: value for key, value in table.items() if key != "extends"}, file)
    return merged


def _over(name: str, below: Table, above: Table, file: str) -> Table:
    """`above` laid over `below`. What was said of another model or another server is not said of this one."""
    kept = dict(below)
    moved = (
        "base_url" in above and "base_url" in below and host_of(above["base_url"]) != host_of(below["base_url"])
    )
    if moved and below.get("key_env") and below.get("key_required", True) and "key_env" not in above:
        raise _error(
            name,
            file,
            f"base_url is another server than that of the profile it extends, whose key ({below['key_env']}) "
            "would be sent there; say key_env as well",
        )
    if "model" in above and above["model"] != below.get("model"):
        for key in ("label", "license", "is_r1", "price", "tokenizer", "template", "sources", "unverified"):
            kept.pop(key, None)
    if moved:
        kept.pop("price", None)
    for key, value in above.items():
        under = kept.get(key)
        both = isinstance(value, dict) and isinstance(under, dict) and key != "price"
        kept[key] = {**cast("Table", under), **cast("Table", value)} if both else value
    return kept


def _profile(name: str, table: Table, file: str) -> Profile:
    try:
        profile = msgspec.convert(table, type=Profile)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `")
        key = where.strip("`").removeprefix("$").lstrip(".")
        raise _error(name, file, f"{key}: {what}" if key else what) from error
    for wrong in _wrongs(profile):
        raise _error(name, file, wrong)
    return profile


def _wrongs(profile: Profile) -> list[str]:
    """What is wrong with the values together."""
    wrongs: list[str] = []
    if profile.reasoning not in REASONING:
        wrongs.append(f"reasoning: it is one of {', '.join(REASONING)}")
    thinking = profile.thinking
    bodies = {"extra_body": profile.extra_body}
    bodies |= {f"thinking.efforts.{level}": body for level, body in thinking.efforts.items()}
    for key, body in bodies.items():
        wrongs += [
            f"{key}.{field}: r1code sends {field} itself; use the profile's own keys"
            for field in sorted(RESERVED & set(body))
        ]
        try:
            json.dumps(body, allow_nan=False)
        except (TypeError, ValueError) as error:
            wrongs.append(f"{key}: it cannot be sent as JSON: {error}")
    if thinking.effort is not None and thinking.effort not in thinking.efforts:
        wrongs.append(f"thinking.effort: {thinking.effort!r} is not one of thinking.efforts: {_levels(profile)}")
    for field in (profile.session_field, thinking.budget_field):
        if field in RESERVED:
            wrongs.append(f"session_field, thinking.budget_field: r1code sends {field} itself")
    wrongs += [
        f"unverified: there is no key {key}" for key in profile.unverified if key not in Profile.__struct_fields__
    ]
    if profile.dialect == "native":
        wrongs += _unsound(profile)
    asked, most = profile.sampling.max_tokens, profile.max_output
    if asked is not None and most is not None and asked > most:
        wrongs.append(f"sampling.max_tokens: {asked} is more than max_output, {most}")
    if profile.base_url and (wrong := wrong_url(profile.base_url)):
        wrongs.append(f"base_url: {wrong}")
    return wrongs


def _levels(profile: Profile) -> str:
    return ", ".join(profile.thinking.efforts) or "none"


def _unsound(profile: Profile) -> list[str]:
    """Why the native dialect cannot be relied upon with this profile."""
    wrongs: list[str] = []
    if profile.is_r1:
        wrongs.append(
            "dialect: R1 was not trained to call functions, and vLLM's parser loses its calls; use text"
        )
    if profile.provider == "local":
        wrongs.append("dialect: the embedded model is offered no functions; use text")
    if profile.reasoning in {"in_prompt", "tag"}:
        wrongs.append(
            "dialect: native needs a server that splits the reasoning off (reasoning = field) or a model without "
            "any (none): where it does not, a call in the reasoning is lost or done; use text"
        )
    return wrongs


def wrong_url(url: str) -> str | None:
    """Why `url` cannot be a base URL; None when it can."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "it has to look like http://localhost:8000/v1"
    if parts.username is not None or parts.password is not None:
        return "it may not hold a name or a password; put a key into the environment and name it in key_env"
    if parts.query or parts.fragment:
        return "it may not have a query or a fragment"
    return None


def host_of(url: object) -> str:
    """Host and port of a URL."""
    return urlsplit(url).netloc.lower() if isinstance(url, str) and wrong_url(url) is None else ""


def _error(name: str, file: str, why: str) -> UsageError:
    line = _line(file, name, why)
    return UsageError(
        f"the profile {name!r} cannot be used",
        why=f"in {file}{f', line {line}' if line else ''}: {why}",
        hint="correct it there; docs/profiles.md says what each key means",
    )


def _line(file: str, name: str, why: str) -> int | None:
    """Where in `file` the key stands that `why` begins with, or else holds; else where the profile begins."""
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    head, colon, _ = why.partition(": ")
    wanted = {head} if colon else set(re.findall(r"[\w-]+", why))
    places = [
        (len(path), number)
        for path, number in _paths(lines, name)
        if not path or any(f"{one}.".startswith(f"{path}.") for one in wanted)
    ]
    return max(places, key=lambda place: place[0])[1] if places else None


def _paths(lines: Iterable[str], name: str) -> Iterator[tuple[str, int]]:
    """The keys of the profile, sections and all, with their lines; its own header is the empty one."""
    section: str | None = None
    for number, line in enumerate(lines, start=1):
        key = ""
        if header := _HEADER.match(line):
            here = f"{header.group(1)}.".replace('"', "").replace("'", "")
            section = here.removeprefix(f"{name}.") if here.startswith(f"{name}.") else None
        elif found := _KEY.match(line):
            key = found.group(1)
        else:
            continue
        if section is not None:
            yield f"{section}{key}".strip("."), number
