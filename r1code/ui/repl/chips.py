"""Long pastes: a short name stands for each in the line that is edited."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

FOLDED_LINES = 8
FOLDED_CHARACTERS = 1_000
_CHIP = re.compile(r"\[paste #(\d+): [^\]]*\]")


class Chips:
    def __init__(self, pastes: Sequence[str] = ()) -> None:
        """`pastes`: what `behind` gave."""
        self._texts = {number: text for number, text in enumerate(pastes, start=1) if text}

    def folded(self, text: str) -> str:
        """What to insert for a paste: itself, if it is short."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.count("\n") + 1
        if lines <= FOLDED_LINES and len(text) <= FOLDED_CHARACTERS:
            return text
        number = max(self._texts, default=0) + 1
        self._texts[number] = text
        return f"[paste #{number}: {lines:,} lines, {len(text):,} characters]"

    def whole(self, text: str) -> str:
        """The text with all that stands behind its chips. What merely looks like one stays as it is."""
        return _CHIP.sub(lambda found: self._texts.get(int(found.group(1)), found.group()), text)

    def behind(self, texts: Iterable[str]) -> tuple[str, ...]:
        """What stands behind the chips in `texts`, by their numbers from 1 on; nothing for all others."""
        named = {int(found.group(1)) for text in texts for found in _CHIP.finditer(text)} & self._texts.keys()
        return tuple(self._texts[one] if one in named else "" for one in range(1, max(named, default=0) + 1))
