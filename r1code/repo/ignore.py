"""`.r1codeignore`: what a project keeps from the model, in the syntax of .gitignore."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from pathspec import GitIgnoreSpec

from r1code.errors import UsageError
from r1code.repo.files import decode, is_binary
from r1code.tree.entry import look

IGNORE_FILE = ".r1codeignore"
_MOST_BYTES = 1_000_000


def ignoring(root: Path) -> Callable[[str], bool]:
    """Whether the file at the root of a tree hides a path, as it is now. It never shows what else is hidden.

    Raises UsageError for one that cannot be used: what it should hide must not be shown.
    """
    lines = _lines(root)
    if not lines:
        return _nothing
    try:
        spec = GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise _unusable(str(error), "correct or remove that line") from error

    @lru_cache(maxsize=1 << 17)
    def is_ignored(path: str) -> bool:
        return spec.match_file(path)

    return is_ignored


def _lines(root: Path) -> list[str]:
    try:
        found = look(root, IGNORE_FILE)
    except OSError as error:
        raise _unusable(str(error), "make it a file that can be read") from error
    if found is None:
        return []
    entry, data = found
    if entry.kind != "file" or len(data) > _MOST_BYTES or is_binary(data):
        raise _unusable("it is a link, no text or too long", "make it a plain file, as .gitignore is one")
    return decode(data).text.split("\n")


def _nothing(_: str) -> bool:
    return False


def _unusable(why: str, hint: str) -> UsageError:
    return UsageError(f"{IGNORE_FILE} cannot be used", why=why, hint=hint)
