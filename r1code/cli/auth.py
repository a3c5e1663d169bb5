"""`r1code auth`: the keys of models' servers that r1code keeps. None of them is ever shown."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def auth(options: argparse.Namespace) -> int:
    actions = {"login": _login, "logout": _logout}
    return actions.get(options.action, _list)(options)


def _variable(name: str | None) -> str:
    """The variable that holds the key of a profile. Raises UsageError."""
    from r1code.app.folders import user_config, user_profiles
    from r1code.config import load_config
    from r1code.errors import UsageError
    from r1code.profiles import load_profiles, named

    if name is None:
        name = load_config(flags={}, environ=os.environ, user_file=user_config(), project=None).profile
    if name is None:
        raise UsageError(
            "it is not clear whose key is meant",
            why="no profile was named, and none was chosen in the settings",
            hint="r1code auth login PROFILE; `r1code profiles` lists them",
        )
    profiles = load_profiles(user_profiles())
    if name not in profiles and name in {one.profile.key_env for one in profiles.values()}:
        return name
    variable = named(name, profiles).profile.key_env
    if variable is None:
        raise UsageError(
            f"the profile {name!r} uses no key", why="it has no key_env", hint="`r1code profiles` lists them all"
        )
    return variable


def _login(options: argparse.Namespace) -> int:
    from r1code.app.keys import Keys, key_file
    from r1code.control import Control
    from r1code.errors import UsageError
    from r1code.ui.messages import localized

    variable = _variable(options.profile)
    if sys.stdin.isatty():
        from r1code.ui.ask import ask_secret

        key = ask_secret(localized(f"the key ({variable})"), Control()).strip()
        if not key:
            raise UsageError("nothing was kept", why="no key was typed", hint="try again, and paste it")
    else:
        key = sys.stdin.read().strip()
    place = Keys(key_file()).set(variable, key)
    where = "the system's keyring" if place == "keyring" else f"{key_file()}, which only you can read"
    print(localized(f"the key for {variable} is in {where}"))
    if os.environ.get(variable, "").strip():
        _note(f"{variable} is set in the environment, and goes first")
    return 0


def _logout(options: argparse.Namespace) -> int:
    from r1code.app.keys import Keys, key_file
    from r1code.ui.messages import localized

    # A key stays to be deleted when the profile that used it is gone.
    keys = Keys(key_file())
    variable = options.profile if options.profile in keys.places() else _variable(options.profile)
    deleted = keys.delete(variable)
    print(localized(f"the key for {variable} is deleted" if deleted else f"there is no key for {variable}"))
    return 0


def _list(options: argparse.Namespace) -> int:
    import json

    from r1code.app.backend import key_names
    from r1code.app.folders import user_profiles
    from r1code.app.keys import Keys, key_file
    from r1code.profiles import load_profiles
    from r1code.ui.messages import localized

    places = Keys(key_file()).places()
    profiles = load_profiles(user_profiles()).values()
    rows: list[tuple[str, str, list[str]]] = []
    for variable in sorted({*key_names(), *places}):
        where = "environment" if os.environ.get(variable, "").strip() else places.get(variable)
        if where is not None:
            rows.append((variable, where, [one.name for one in profiles if one.profile.key_env == variable]))
    if options.json:
        fields = ("variable", "from", "profiles")
        print(json.dumps([dict(zip(fields, row, strict=True)) for row in rows]))
    elif rows:
        for variable, place, using in rows:
            print(localized(f"{variable}  from the {place}; used by {', '.join(using) or 'no profile'}"))
    else:
        _note("there is none; r1code auth login PROFILE keeps one")
    return 0


def _note(text: str) -> None:
    from r1code.ui.messages import localized

    print(localized(f"note: {text}"), file=sys.stderr)
