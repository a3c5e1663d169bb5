"""Lists the files of a folder, those with a name, and what a file defines."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct
from pathspec import GitIgnoreSpec

from r1code.control import Control
from r1code.errors import ToolError
from r1code.tools.added import Added, Place
from r1code.tools.base import Result, typed
from r1code.tools.symbols import Symbols
from r1code.tree.worktree import WorkTree
from r1code.types import Arguments

MOST_FILES = 300
MOST_OUTLINED = 60
"""Files of a folder whose definitions are shown."""
_SIMILAR = 5
_GLOB = re.compile(r"[*?[]")


class _Arguments(Struct, frozen=True, kw_only=True):
    path: str = "."
    name: str | None = None
    """A glob, or a part of a file's name."""
    definitions: Literal["yes", "no"] = "no"


class List:
    name = "list"
    arguments: type[Struct] = _Arguments

    def __init__(self, tree: WorkTree, symbols: Symbols | None = None, added: Added | None = None) -> None:
        """`symbols`: None, where there is no index. What is `added` has none."""
        self._tree = tree
        self._symbols = symbols
        self._added = added or Added()

    def read(self, arguments: Arguments, control: Control) -> Result:
        asked = typed(arguments, _Arguments)
        place = self._added.place(self._tree, asked.path.strip().rstrip("/") or ".")
        paths, words = _below(place)
        if asked.name:
            paths, words = _named(paths, asked.name), f"{words} named {asked.name}"
            if not paths:
                raise ToolError(f"There are no files{words}. <list/> shows all files.")
        heading = f"{len(paths)} files{words}"
        if place.name and asked.definitions == "yes":
            raise ToolError(f"There is no index of {place.name}. Read its files, or search for a pattern.")
        if self._symbols is not None and not place.name and (asked.definitions == "yes" or paths == [place.path]):
            lines = self._symbols.outline(paths[:MOST_OUTLINED], control)
            if len(paths) > MOST_OUTLINED:
                lines.append(f"[{len(paths) - MOST_OUTLINED} more files]")
            heading = f"{paths[0]} defines:" if len(paths) == 1 else f"{heading} define:"
            text = "\n".join([heading, *(lines or ["nothing that the index knows"])])
            return Result(text=text, display=heading)
        return Result(text=f"{heading}\n{listing([place.shown(path) for path in paths])}", display=heading)


def _below(place: Place) -> tuple[list[str], str]:
    """The files there, and where that is. Raises ToolError where there are none."""
    known = place.tree.paths()
    paths = [path for path in known if is_below(path, place.path)]
    folder = place.name if place.path == "." and place.name else place.shown(place.path)
    if not paths and folder != ".":
        near = _named(known, place.path.rpartition("/")[2])[:_SIMILAR]
        similar = f" Similar names: {', '.join(map(place.shown, near))}." if near else ""
        raise ToolError(f"There are no files below {folder}.{similar} <list/> shows all files.")
    return paths, "" if folder == "." else f" below {folder}"


def _named(paths: list[str], name: str) -> list[str]:
    """Those that a glob as in .gitignore fits, or whose own name has `name` in it."""
    if _GLOB.search(name):
        return sorted(GitIgnoreSpec.from_lines([name]).match_files(paths))
    part = name.strip().casefold()
    return [path for path in paths if part in path.rpartition("/")[2].casefold()]


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
