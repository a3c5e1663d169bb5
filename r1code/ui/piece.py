"""What output is made of: text, and what it is. A terminal colours it; the words say the same without."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Style = Literal[
    "plain", "dim", "strong", "good", "bad", "warn", "added", "removed", "added word", "removed word", "hunk"
]


class Piece(Struct, frozen=True):
    """Text that is safe to write, newlines included."""

    text: str
    style: Style = "plain"
