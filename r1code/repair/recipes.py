"""What the files of a tree say about how it is tested and what it needs, read for its protection."""

from __future__ import annotations

from fnmatch import fnmatch

from r1code.repair.protected import RECIPES, REQUIREMENTS, Protection, recipe, required
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.types import TestReport

_MOST_BYTES = 200_000


def protection_of(base: Snapshot, store: Store, command: str, before: TestReport) -> Protection:
    """What a repair of `base` must leave as it is. Raises StateError for a content that is missing."""

    def text(path: str) -> str:
        data = store.get(base.entries[path].digest) if base.entries[path].kind == "file" else b""
        return data.decode("utf-8", errors="replace") if len(data) <= _MOST_BYTES else ""

    recipes = [recipe(name, text(name)) for name in RECIPES if name in base.entries]
    needs = [required(text(path)) for path in base.entries if fnmatch(path, REQUIREMENTS) and "/" not in path]
    return Protection(
        base.entries, commands=[command, *recipes], before=before, needs=frozenset[str]().union(*needs)
    )
