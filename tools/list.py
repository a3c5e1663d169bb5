"""Lists the files below a folder."""

from __future__ import annotations

from msgspec import Struct

from r1code.control import Control
from r1code.errors import ToolError
from r1code.tools.added import Added
from r1code.tools.base import Result, typed
from r1code.tree.worktree import WorkTree
from r1code.types import Arguments

MOST_FILES = 300


class _Arguments(Struct, frozen=True, kw_only=True):
    path: str = "."


class List:
    name = "list"
    arguments: type[Struct] = _Arguments

    def __init__(self, tree: WorkTree, added: Added | None = None) -> None:
        self._tree = tree
        self._added = added or Added()

    def read(self, arguments: Arguments, control: Control) -> Result:
        place = self._added.place(self._tree, typed(arguments, _Arguments).path.strip().rstrip("/") or ".")
        folder = place.name if place.path == "." and place.name else place.shown(place.path)
        paths = [place.shown(path) for path in place.tree.paths() if is_below(path, place.path)]
        if not paths and folder != ".":
            raise ToolError(f"There are no files below {folder}. <list/> shows all files.")
        heading = f"{len(paths)} files" + ("" if folder == "." else f" below {folder}")
        return Result(text=f"{heading}\n{listing(paths)}", display=heading)


def is_below(path: str, folder: str) -> bool:
    """Whether a path is `folder`, or inside; everything is inside of `.`."""
    return folder in {".", path} or path.startswith(f"{folder}/")


def listing(paths: list[str], most: int = MOST_FILES) -> str:
    """At most `most` lines: files, and folders with their count where there is no room for their files."""
    if len(paths) <= most:
        return "\n".join(paths)
    folders: dict[str, int] = {}
    for path in paths:
        folder = path.rpartition("/")[0] or "."
        folders[folder] = folders.get(folder, 0) + 1
    lines = [f"{folder}/ ({count} files)" for folder, count in folders.items()]
    left_out = "" if len(lines) <= most else f"\n[{len(lines) - most} more folders]"
    return "\n".join(lines[:most]) + left_out
