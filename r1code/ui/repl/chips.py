"""Long pastes: a short name stands for each in the line that is edited."""

from __future__ import annotations

import re

FOLDED_LINES = 8
FOLDED_CHARACTERS = 1_000
_CHIP = re.compile(r"\[paste #(\d+): [^\]]*\]")


class Chips:
    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def folded(self, text: str) -> str:
        """What to insert for a paste: itself, if it is short."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.count("\n") + 1
        if lines <= FOLDED_LINES and len(text) <= FOLDED_CHARACTERS:
            return text
        number = len(self._texts) + 1
        self._texts[number] = text
        return f"[paste #{number}: {lines:,} lines, {len(text):,} characters]"

    def whole(self, text: str) -> str:
        """The text with all that stands behind its chips. What merely looks like one stays as it is."""
        return _CHIP.sub(lambda found: self._texts.get(int(found.group(1)), found.group()), text)
