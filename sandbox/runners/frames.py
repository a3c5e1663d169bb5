"""The lines of failures that name places: in which file, and whether that is the project's. Pure."""

from __future__ import annotations

import re

from msgspec import Struct

_FOREIGN = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|node_modules|vendor|gems|rustc|\.cargo|\.rustup|pkg/mod)/"
    r"|^/(?:usr|opt|lib|nix|root/\.pyenv|Library|System)/|^<frozen |^node:|^internal/|/lib/python[\d.]+/"
    r"|/(?:_pytest|pluggy)/"
)
_JAVA = re.compile(r"(?:java|javax|jdk|sun|com\.sun|org\.(?:junit|apache\.maven|gradle|testng|hamcrest))[./]")
_LINES = (
    re.compile(r'\s*File "(?P<path>[^"\n]+)", line (?P<line>\d+)'),
    re.compile(r"\s*at (?:[^()\n]*\()?(?P<path>(?:file://|node:)?[^():\s][^():\n]*):(?P<line>\d+):\d+\)?\s*$"),
    re.compile(r"\s*at (?P<name>[\w.$/@<> ]+)\((?:(?P<path>[\w$]+\.\w+):(?P<line>\d+)|[\w <>]+)\)\s*$"),
    re.compile(r"\s+(?:# |from )?(?P<path>[^\s:'\"]+\.\w+):(?P<line>\d+):in "),
    re.compile(r"\s*# (?P<path>[^\s:'\"]+\.\w+):(?P<line>\d+)(?::in |$)"),
    re.compile(r"\s*at .{1,300}? in (?P<path>(?:[A-Za-z]:)?[^:\n]+):line (?P<line>\d+)\s*$"),
    re.compile(r"\t(?P<path>/[^\s:]+\.go):(?P<line>\d+)"),
    re.compile(r"(?P<path>/[^\s:]+\.\w+):(?P<line>\d+)$"),
)
_PLACES = (
    *_LINES,
    re.compile(r"(?:.*[\s\[(])?(?P<path>[\w./@+-]+\.\w+):(?P<line>\d+)(?::\d+)?(?:[\]):]|$)"),
)
_MOST = 500
"""Characters of a line that are looked at: patterns meet whatever a test prints."""


class Frame(Struct, frozen=True):
    path: str
    line: int | None
    foreign: bool
    """Of a library, the language or the runner itself."""


def frame_of(line: str) -> Frame | None:
    """The frame of a traceback that a line names, in any of the languages that are known."""
    return _match(line, _LINES)


def place_of(line: str) -> Frame | None:
    """As `frame_of`, also where a runner or a compiler names a place in passing."""
    return _match(line, _PLACES)


def place_in(text: str, file: str) -> int | None:
    """The first line of `file` that a failure names. A bare file name stands for the file, too."""
    for line in text.splitlines():
        found = _match(line, _PLACES)
        if found is not None and found.line is not None and _is_same(found.path, file):
            return found.line
    return None


def first_place(text: str, root: str = "") -> tuple[str, int | None]:
    """The first place of the project that a failure names."""
    for line in text.splitlines():
        found = _match(line, _PLACES)
        if found is not None and not found.foreign:
            return found.path.removeprefix(f"{root}/" if root else "").removeprefix("./"), found.line
    return "", None


def _is_same(path: str, file: str) -> bool:
    path = path.removeprefix("./")
    return bool(file) and (path == file or path.endswith(f"/{file}") or file.endswith(f"/{path}"))


def _match(line: str, patterns: tuple[re.Pattern[str], ...]) -> Frame | None:
    line = line[:_MOST]
    for pattern in patterns:
        found = pattern.match(line)
        if found is None:
            continue
        groups = found.groupdict()
        path = (groups["path"] or "").removeprefix("file://")
        number = int(groups["line"][:9]) if groups["line"] else None
        foreign = _FOREIGN.search(path) or _JAVA.match(groups.get("name") or "")
        return Frame(path, number, bool(foreign) or not path)
    return None
