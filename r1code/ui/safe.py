"""Text that is not ours, made harmless: what a terminal or a CI log would obey is shown instead.

Every hidden character becomes a visible one, one by one and without looking at its neighbours: pieces of a
stream can be made safe as they come, and the joiners inside an emoji sequence are shown as well.
"""

from __future__ import annotations

import re

_DELETE = 0x7F
_PICTURES = 0x2400
"""Where Unicode keeps its pictures of the 32 control characters; that of DELETE follows them."""

# Control, format, surrogate and separator characters, fillers and selectors that show nothing.
_HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff"
    "\uffa0\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
HIDDEN = re.compile(f"[{_HIDDEN}]")
# The selector after many an emoji is left alone in prose; a name must not hold one unseen.
_HIDDEN_IN_LINE = re.compile(f"[{_HIDDEN}\t\n\ufe0f]")
# GitHub reads `::` at a line's start and `##[` anywhere, Azure and TeamCity `##word[`, GitLab `section_...:`.
_COLONS = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)
_HASHES = re.compile(r"##(?=[A-Za-z]{0,20}\[)")
_SECTION = re.compile(r"(section_(?:start|end))(?=:)")


def safe(text: str) -> str:
    """`text` without a control, format or invisible character, except newline and tab. Idempotent."""
    return HIDDEN.sub(_shown, text)


def safe_line(text: str) -> str:
    """As `safe`, for what must stay on one line, such as a path: newline and tab are shown too."""
    return _HIDDEN_IN_LINE.sub(_shown, text)


def safe_ci(text: str) -> str:
    """As `safe`, and no line of it is a command to a CI service. `text` must begin at the start of a line."""
    text = _COLONS.sub(r"\1: ", safe(text))
    return _SECTION.sub(r"\1 ", _HASHES.sub("## ", text))


def encodable(text: str, encoding: str | None) -> str:
    """`text` with escapes for what `encoding` lacks, so that writing it cannot fail."""
    name = encoding or "utf-8"
    return text.encode(name, "backslashreplace").decode(name)


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < ord(" "):
        return chr(_PICTURES + code)
    return "␡" if code == _DELETE else f"<U+{code:04X}>"
