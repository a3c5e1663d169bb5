"""A patch: changes that are applied together or not at all."""

from __future__ import annotations

from msgspec import Struct

from r1code.tree.snapshot import Entry


class FileChange(Struct, frozen=True, kw_only=True):
    """What happened to one path. None before: created. None after: deleted."""

    path: str
    before: Entry | None
    after: Entry | None


class Patch(Struct, frozen=True):
    changes: tuple[FileChange, ...]
    """At most one for a path, in path order."""
