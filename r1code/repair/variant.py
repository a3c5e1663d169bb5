"""In what one candidate differs from the others."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Variant(Struct, frozen=True, kw_only=True):
    number: int
    """From 1."""
    seed: int | None = None
    temperature: float | None = None
    """None: what the profile says."""
    strategy: Literal["loop", "pipeline"] | None = None
    """None: what the profile says."""
