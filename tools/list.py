"""Lists the files below a folder."""

from __future__ import annotations

from msgspec import Struct

from r1code.control import Control
from r1code.errors import ToolError
from r1code.tools.base import Result, typed
from r1code.tree.worktree import WorkTree
from r1code.types import Arguments

MOST_FILES = 300


class _Arguments(Struct, frozen=True, kw_only=True):
    path: str = "."


class List:
    name = "list"
    arguments: type[Struct] = _Arguments

    def __init__(self, tree: WorkTree) -> None:
        self._tree = tree

    def read(self, arguments: Arguments, control: Control) -> Result:
        folder = typed(arguments, _Arguments).path.strip().rstrip("/") or "."
        paths = self._tree.paths()
        if folder != ".":
            folder = self._tree.resolve(folder)
            paths = [path for path in paths if path == folder or path.startswith(f"{folder}/")]
            if not paths:
                raise ToolError(f"There are no files below {folder}. <list/> shows all files.")
        heading = f"{len(paths)} files" + ("" if folder == "." else f" below {folder}")
        return Result(text=f"{heading}\n{listing(paths)}", display=heading)


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
