"""What a server of one's own needs beside its process: a key, a profile, and a first answer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from r1code.app.checkup.talking import asks, talk
from r1code.app.checkup.written import write_profile
from r1code.app.keys import Keys
from r1code.control import Control
from r1code.errors import ProviderError, UsageError
from r1code.profiles import ANY_SERVER, find_profile, load_profiles
from r1code.serving.plan.flags import KEY
from r1code.serving.run.state import Server

_KEY_BYTES = 32


def ensure_key(environ: Mapping[str, str], keys: Keys) -> tuple[str, bool]:
    """The key of the server, and whether it is new: then it is kept. Raises UsageError."""
    found = environ.get(KEY, "").strip()
    if found:
        return found, False
    made = secrets.token_urlsafe(_KEY_BYTES)
    keys.set(KEY, made)
    return made, True


def profile_of(server: Server, base: str | None, label: str) -> dict[str, Any]:
    """What the profile of a server says, on top of the one for its model."""
    table: dict[str, Any] = {"extends": base or ANY_SERVER}
    if base is None:
        table |= {"label": f"{label} on your own vLLM", "model": server.served}
    return {**table, "base_url": server.base_url, "key_env": KEY, "context_window": server.window}


def check_profile(name: str, table: Mapping[str, Any], file: Path, *, force: bool) -> None:
    """Before anything is started. Raises UsageError where a profile of this name is another server's."""
    there = load_profiles(file).get(name)
    if there is not None and not force and there.profile.base_url != table["base_url"]:
        raise UsageError(
            f"there is a profile {name!r} already",
            why=f"it is for {there.profile.base_url}",
            hint="--force replaces it, or choose another name with --name",
        )


def save_profile(name: str, table: Mapping[str, Any], file: Path) -> None:
    write_profile(name, dict(table), file, force=True)


def first_answer(name: str, file: Path, key: str, control: Control, *, reasons: bool) -> float:
    """Asks the server a sum, as sessions would; how many seconds it took. Raises ProviderError, Cancelled."""
    profile = find_profile(name, file)
    said = talk(asks(profile).first, profile, key, control)
    if said.trouble is not None:
        raise ProviderError(said.trouble.what, why=said.trouble.why, hint=said.trouble.hint)
    if reasons and not said.reasoning:
        raise ProviderError(
            "the server runs, and does not answer as it should",
            why="no reasoning came in a field of its own",
            hint=f"r1code doctor {name} looks closer",
        )
    return said.seconds
