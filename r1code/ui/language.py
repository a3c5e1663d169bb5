"""In which language a person is spoken to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import msgspec

from r1code.app.folders import user_config
from r1code.types import Language
from r1code.ui.messages import language_of


def chosen_language(environ: Mapping[str, str]) -> Language:
    """By `R1CODE_LANGUAGE`, else the user's configuration, else the locale."""
    named = environ.get("R1CODE_LANGUAGE") or _configured()
    return next((language for language in get_args(Language) if language == named), language_of(environ))


def _configured() -> object:
    # Before every command: a file that says nothing of it is not even parsed, and a wrong one is told later.
    try:
        data = user_config().read_bytes()
        return msgspec.toml.decode(data).get("language") if b"language" in data else None
    except (OSError, msgspec.MsgspecError):
        return None
