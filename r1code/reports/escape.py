"""Text that is not ours, made harmless for each place where a report has it. Pure.

What a terminal would obey is shown instead everywhere (`ui.safe`); here is what the place itself would obey.
"""

from __future__ import annotations

import html
import os
import re
from urllib.parse import quote

from r1code.repo.inert import unreferenced
from r1code.ui.safe import safe, safe_line

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
    """On one line, for the message of a commit: no reference, mention or link, and nothing that a CI obeys."""
    return unreferenced(safe_line(text))


def unlinked(text: str) -> str:
    """For a message in SARIF, where `[text](target)` is a link."""
    return _LINK.sub("] ", safe(text))
