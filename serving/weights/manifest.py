"""What a folder of weights should hold, as the hub said, and which of it was compared with that."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from r1code.errors import ProviderError, StateError

_NAME = ".r1code-weights.json"
_CHUNK = 1 << 20
_ODD = frozenset({"", ".", ".."})


class File(Struct, frozen=True, kw_only=True):
    path: str
    """In the folder, with slashes."""
    size: int
    digest: str
    kind: Literal["sha256", "git"]
    """Large files have a SHA-256 on the hub; small ones only git's, SHA-1 over their length and content."""


class Manifest(Struct, frozen=True, kw_only=True):
    repository: str
    revision: str
    """A commit: it names the same files for ever."""
    files: tuple[File, ...]
    checked: tuple[str, ...] = ()
    """Paths of files that were found to be what the hub says."""

    @property
    def bytes(self) -> int:
        return sum(one.size for one in self.files)

    @property
    def is_checked(self) -> bool:
        return {one.path for one in self.files} <= set(self.checked)


def manifest_in(folder: Path) -> Manifest | None:
    """None: r1code did not download it. Raises StateError."""
    file = folder / _NAME
    if not file.is_file():
        return None
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise StateError(
            f"{file} cannot be read",
            why=str(error),
            hint="remove it: the weights are then checked without it, or downloaded again",
        ) from error
    for one in found.files:
        inside(folder, one.path)
    return found


def keep(manifest: Manifest, folder: Path) -> None:
    descriptor, fresh = tempfile.mkstemp(prefix=_NAME, dir=folder)
    with os.fdopen(descriptor, "wb") as written:
        written.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    Path(fresh).replace(folder / _NAME)


def doubt(manifest: Manifest, folder: Path, paths: set[str]) -> None:
    """Has these compared again, and fetched again where they differ, by the next download to the folder."""
    if os.access(folder, os.W_OK):
        keep(replace(manifest, checked=tuple(one for one in manifest.checked if one not in paths)), folder)


def inside(folder: Path, path: str) -> Path:
    """Where a file of this path lies. Raises ProviderError where that is not in the folder."""
    parts = PurePosixPath(path).parts
    if PurePosixPath(path).is_absolute() or "\\" in path or "\0" in path or _ODD & {*parts, path}:
        raise ProviderError(
            f"the hub names a file {path!r}",
            why="it would lie outside the folder of the weights",
            hint="do not use this repository",
        )
    return folder.joinpath(*parts)


def digest_of(file: Path, like: File, look_up: Callable[[int], None]) -> str:
    """In the form of `like`. `look_up` hears how many bytes were read, and may raise."""
    if like.kind == "sha256":
        digest = hashlib.sha256()
    else:
        digest = hashlib.sha1(usedforsecurity=False)
        digest.update(b"blob %d\0" % file.stat().st_size)
    with file.open("rb") as read:
        while chunk := read.read(_CHUNK):
            look_up(len(chunk))
            digest.update(chunk)
    return digest.hexdigest()
