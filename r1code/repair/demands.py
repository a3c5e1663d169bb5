"""What a fix has to stand up to besides one clean re-run of the tests, as the settings say."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Strict = Literal["off", "runner", "all"]
"""Which suspicions make a patch tampering: none, those about the test runner, all."""


class Gate(Struct, frozen=True, kw_only=True):
    """A command that, where it passed on the tree as it was, has to pass with the patch."""

    name: str
    command: str


class Demands(Struct, frozen=True, kw_only=True):
    runs: int = 2
    """Clean re-runs in which what was fixed has to pass."""
    gates: tuple[Gate, ...] = ()
    strict: Strict = "off"
