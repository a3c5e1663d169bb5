"""In which language a person is spoken to."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from r1code.app.folders import user_config
from r1code.types import Language
from r1code.ui.messages import language_of


def chosen_language(environ: Mapping[str, str]) -> Language:
    """By `R1CODE_LANGUAGE`, else the user's configuration, else the locale."""
    named = environ.get("R1CODE_LANGUAGE") or _configured()
    if named == "en":
        return "en"
    return "zh" if named == "zh" else language_of(environ)


def _configured() -> object:
    # Before every command: a file that says nothing of it is not even parsed, and a wrong one is told later.
    try:
        data = user_config().read_bytes()
        return msgspec.toml.decode(data).get("language") if b"language" in data else None
    except (OSError, msgspec.MsgspecError):
        return None
