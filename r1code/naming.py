"""How a list is named in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

FEW = 5


def first_of(names: Sequence[str], most: int = FEW) -> str:
    """As many as are worth telling, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
