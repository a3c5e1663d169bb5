"""What a patch in git's format changes, file by file. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from r1code.secrets.values import Hide
from r1code.tree.entry import wrong_with

Did = Literal["created", "deleted", "changed"]
_ESCAPE = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPED = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LEFT_OUT = " (a secret is in these lines)"
_START = "diff --git "
_FEWEST = len("a/ b/")


class Changed(Struct, frozen=True, kw_only=True):
    """What happened to a file."""

    path: str
    """Bytes of a name that are not UTF-8 are escapes."""
    did: Did
    added: int = 0
    """Lines."""
    removed: int = 0
    is_binary: bool = False


def changed_in(diff: str) -> tuple[Changed, ...]:
    """The files of a patch that r1code made: it has no renames."""
    return tuple(_file(name, lines) for name, lines in _files(diff))


def _files(diff: str) -> Iterator[tuple[str, list[str]]]:
    name, lines = "", list[str]()
    # Not `splitlines`: a file may have any of the characters that it splits at.
    for line in diff.split("\n"):
        if line.startswith(_START):
            if name:
                yield name, lines
            name, lines = named(line), []
        else:
            lines.append(line)
    if name:
        yield name, lines


def named(line: str) -> str:
    """The path in the first line of a file's part; both names are the same."""
    rest = line.removeprefix(_START)
    quoted = _QUOTED.match(rest)
    if quoted is None:
        return rest[2 : 2 + (len(rest) - _FEWEST) // 2]
    text = quoted[1].encode("utf-8", "surrogateescape")
    name = _ESCAPE.sub(_character, text).removeprefix(b"a/")
    return name.decode("utf-8", "backslashreplace")


def _character(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([_ESCAPED[code[0]] if len(code) == 1 else int(code, 8) & 0xFF])


def _file(name: str, lines: list[str]) -> Changed:
    did: Did = "changed"
    added = removed = old = new = 0
    is_binary = False
    for line in lines:
        if old > 0 or new > 0:
            sign = line[:1]
            old -= sign in {" ", "-", ""}
            new -= sign in {" ", "+", ""}
            added += sign == "+"
            removed += sign == "-"
        elif (hunk := _HUNK.match(line)) is not None:
            old, new = (1 if number is None else int(number) for number in hunk.groups())
        elif line.startswith("new file mode"):
            did = "created"
        elif line.startswith("deleted file mode"):
            did = "deleted"
        elif line.startswith("GIT binary patch"):
            is_binary = True
    return Changed(path=name, did=did, added=added, removed=removed, is_binary=is_binary)


def veiled(diff: str, hide: Hide) -> str:
    """The patch with placeholders for secrets. Lines of a hunk that only together are one are left out."""
    shown: list[str] = []
    body: list[str] = []
    old = new = 0

    def close() -> None:
        if body:
            told = hide("\n".join(body))
            bare = "\n".join(line[1:] for line in told.split("\n"))
            shown.append(told if hide(bare) == bare else _LEFT_OUT)
            body.clear()

    for line in diff.split("\n"):
        if old > 0 or new > 0:
            body.append(line)
            old -= line[:1] in {" ", "-", ""}
            new -= line[:1] in {" ", "+", ""}
            continue
        close()
        if (hunk := _HUNK.match(line)) is not None:
            old, new = (1 if number is None else int(number) for number in hunk.groups())
        shown.append(hide(line))
    close()
    return "\n".join(shown)


def inside(path: str) -> str:
    """The path, if it leads to a file of the work tree; else nothing."""
    return "" if not path or wrong_with(path) is not None or ".." in path.split("/") else path
