"""Text that is not ours, made harmless for each place where a report has it. Pure.

What a terminal would obey is shown instead everywhere (`ui.safe`); here is what the place itself would obey.
"""

from __future__ import annotations

import html
import os
import re
from urllib.parse import quote

from r1code.ui.safe import safe, safe_line

_REFERENCE = re.compile(r"#(?=\d)|(?<=GH)-(?=\d)|(?<=gh)-(?=\d)|:(?=//)|@(?=\w)|![0-9]")
_BRACKET = re.compile(r"\[(?=[^\[\]\n]*(?:skip|no[ _-]?ci))", re.IGNORECASE)
_STARS = re.compile(r"\*\*\*(?=no_ci)", re.IGNORECASE)
_LINK = re.compile(r"\](?=[(\[])")


def xml(text: str) -> str:
    """Between two tags, or between the quotes of an attribute."""
    return html.escape(safe(text).replace("\r", ""))


def xml_line(text: str) -> str:
    """As `xml`, on one line: an attribute would make spaces of its ends."""
    return html.escape(safe_line(text))


def command_data(text: str) -> str:
    """The message of a workflow command of GitHub: it stays on one line, and is no other command."""
    shown = safe(text).replace("##[", "## [")
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_value(text: str) -> str:
    """The value of a property of one."""
    return command_data(text).replace(":", "%3A").replace(",", "%2C")


def uri(path: str) -> str:
    """A path in the work tree as a relative reference."""
    return quote(os.fsencode(path), safe="/")


def inert(text: str) -> str:
    """On one line, for the message of a commit: no reference, mention or link, and nothing that a CI obeys.

    A test whose name says `closes #1` or `[skip ci]` would else close an issue, or switch the CI off.
    """
    shown = _STARS.sub("* * *", _BRACKET.sub("[ ", safe_line(text)))
    return _REFERENCE.sub(lambda match: f"{match.group()[0]} {match.group()[1:]}", shown)


def unlinked(text: str) -> str:
    """For a message in SARIF, where `[text](target)` is a link."""
    return _LINK.sub("] ", safe(text))
