"""The work tree at a moment: path -> what is there. Everything else in this package follows from it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Entry(Struct, frozen=True, kw_only=True):
    """A file or a symbolic link. A link's digest is that of its target text."""

    kind: Literal["file", "link"]
    mode: int
    """Permission bits, 0o777 at most; 0o777 for a link."""
    digest: str
    """SHA-256 of the content, in hex: its name in the store."""


class Snapshot(Struct, frozen=True):
    entries: dict[str, Entry]
    """By path relative to the root, with `/`, in sorted order."""
