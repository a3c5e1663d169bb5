"""Text that is not ours for the message of a commit: hosts and CI services obey words there. Pure."""

from __future__ import annotations

import re

_REFERENCE = re.compile(r"#(?=\w)|(?<=GH)-(?=\d)|(?<=gh)-(?=\d)|:(?=//)|@(?=\w)|![0-9]")
_BRACKET = re.compile(r"\[(?=[^\[\]\n]*(?:skip|no[ _-]?ci))", re.IGNORECASE)
_STARS = re.compile(r"\*\*\*(?=no_ci)", re.IGNORECASE)


def uncommanded(text: str) -> str:
    """With nothing in it that switches a CI off."""
    return _STARS.sub("* * *", _BRACKET.sub("[ ", text))


def unreferenced(text: str) -> str:
    """The same, without references, mentions and links either.

    A test whose name says `closes #1` or `[skip ci]` would else close an issue, or switch the CI off.
    """
    return _REFERENCE.sub(lambda match: f"{match.group()[0]} {match.group()[1:]}", uncommanded(text))
