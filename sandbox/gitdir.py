"""A `.git` for the sandbox: the history, without configuration, hooks, remotes or credentials."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

MAX_BYTES = 256_000_000
_REF = re.compile(rb"(ref: refs/[^\s]+|[0-9a-f]{40}|[0-9a-f]{64})\s*")
_OBJECT = re.compile(r"[0-9a-f]{2}/[0-9a-f]{38,62}|pack/pack-[0-9a-f]+\.(pack|idx|rev|bitmap)")
_OURS = b"[core]\n\trepositoryformatversion = %d\n\tfilemode = true\n\tbare = false\n%b"
_SHA256 = b"[extensions]\n\tobjectformat = sha256\n"


class LeftOutError(Exception):
    """Its text says why."""


Member = tuple[str, bytes]
"""A path, with a slash at its end if it is a folder, and a content."""


def members(git_dir: Path) -> list[Member]:
    """What goes into the `.git` inside, by allow-list. Raises LeftOutError, which says why nothing does.

    Reads plain files only and runs nothing: the repository is not trusted.
    """
    if git_dir.is_symlink() or not git_dir.is_dir():
        raise LeftOutError("its .git is not a plain folder (a linked work tree or a submodule)")
    if (git_dir / "objects/info/alternates").exists():
        raise LeftOutError("its history borrows objects from another repository")
    if (git_dir / "reftable").exists():
        raise LeftOutError("its references are stored as a reftable")
    try:
        small = list(_references(git_dir))
        objects = list(_plain_files(git_dir / "objects", _OBJECT))
        if sum(path.stat().st_size for _, path in objects) > MAX_BYTES:
            raise LeftOutError(f"its history is larger than {MAX_BYTES // 1_000_000} MB")
        history = [(f"objects/{name}", path.read_bytes()) for name, path in objects]
    except OSError as error:
        raise LeftOutError(f"its .git cannot be read: {error}") from error
    if not any(name == "HEAD" for name, _ in small):
        raise LeftOutError("its .git has no HEAD")
    return [*small, ("config", _config(small)), ("objects/", b""), *history]


def _references(git_dir: Path) -> Iterator[Member]:
    for name in ("HEAD", "index", "shallow"):
        path = git_dir / name
        if _is_plain(path):
            yield name, path.read_bytes()
    for path in git_dir.glob("sharedindex.*"):
        if _is_plain(path):
            yield path.name, path.read_bytes()
    packed = git_dir / "packed-refs"
    if _is_plain(packed):
        yield "packed-refs", _without_remotes(packed.read_bytes())
    for folder in ("refs/heads", "refs/tags"):
        yield f"{folder}/", b""
        for name, path in _plain_files(git_dir / folder, re.compile(r".+")):
            data = path.read_bytes()
            if _REF.fullmatch(data):
                yield f"{folder}/{name}", data


def _without_remotes(packed: bytes) -> bytes:
    kept: list[bytes] = []
    keeping = True
    for line in packed.splitlines(keepends=True):
        # A line with ^ says what the tag in the line before it points to.
        if not line.startswith((b"^", b"#")):
            keeping = b" refs/heads/" in line or b" refs/tags/" in line
        if keeping:
            kept.append(line)
    return b"".join(kept)


def _config(small: list[Member]) -> bytes:
    references = b"\n".join(data for name, data in small if name not in {"index", "shallow"})
    wide = re.search(rb"(?m)^[0-9a-f]{64}\b", references) is not None
    return _OURS % (1 if wide else 0, _SHA256 if wide else b"")


def _plain_files(folder: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, Path]]:
    """Regular files below `folder` whose path there matches; links are neither taken nor followed."""
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(root, name)
            inner = path.relative_to(folder).as_posix()
            if pattern.fullmatch(inner) and _is_plain(path):
                yield inner, path


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
