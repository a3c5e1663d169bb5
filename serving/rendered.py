"""Files that are made from values: YAML and JSON whose text is never put together by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from msgspec import Struct

from r1code.errors import StateError, UsageError

Tree = dict[str, Any]
"""A document of YAML or JSON."""


class File(Struct, frozen=True, kw_only=True):
    path: str
    """Below the folder that they are written to."""
    text: str


class _Dumper(yaml.SafeDumper):
    """Without anchors: whoever reads a file edits one place and not another."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(_dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
_dump: Callable[..., str] = vars(yaml)["dump_all"]
"""Its own types are not all known."""


def yaml_of(*documents: Tree, about: Sequence[str] = ()) -> str:
    """`about`: lines of a comment before the first."""
    comment = "".join(f"# {line}\n" for text in about for line in text.splitlines())
    dumped = _dump(
        documents,
        Dumper=_Dumper,
        sort_keys=False,
        width=110,
        explicit_start=len(documents) > 1,
    )
    return comment + dumped


def write(files: Sequence[File], folder: Path, *, over: bool) -> list[Path]:
    """Their places. `over`: also where something else is there. Raises UsageError and StateError."""
    places = {folder / PurePosixPath(file.path): file.text for file in files}
    changed = [place for place, text in places.items() if place.exists() and _read(place) != text]
    if changed and not over:
        raise UsageError(
            f"nothing was written: {changed[0]} is there already",
            why="it is not what would be written, and may have been edited",
            hint="name another folder with --out, or --force to write over it",
        )
    try:
        for place, text in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StateError(
            f"{error.filename or folder} cannot be written", why=str(error), hint="name another folder with --out"
        ) from error
    return list(places)


def _read(place: Path) -> str | None:
    try:
        return place.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None


def merged(*trees: Mapping[str, Any]) -> Tree:
    """One tree of several, without what is None."""
    return {key: value for tree in trees for key, value in tree.items() if value is not None}
