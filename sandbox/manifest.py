"""What lies in the work tree inside, and what that means: what to send, what came back. Pure."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Callable, Container, Iterable, Mapping

from msgspec import Struct

from r1code.errors import SandboxError
from r1code.tree.caches import in_cache
from r1code.tree.entry import MAX_BYTES, Entry, is_folder, parents, wrong_with

_PRINT = r"-printf '%y\0%m\0%s\0%C@\0%i\0%l\0%p\0'"
FIND = (
    "find . -xdev -mindepth 1 -path ./.git -prune"
    # A folder that its owner may not enter would hide what is in it.
    r" -o \( -type d ! -perm -0700 -exec chmod u+rwx -- {} \; \)"
    f" , ! -path ./.git {_PRINT}"
)
FIND_THESE = f'find "$@" -maxdepth 0 {_PRINT} 2>/dev/null; exit 0'
"""As FIND, but only the arguments, each with `./` before it. What is not there is left out."""
FIND_NAMED = f"""look={shlex.quote(FIND_THESE)}
head -c "$1" | xargs -0 -r sh -c "$look" sh"""
"""The same, but the paths come on standard input, with a NUL behind each; the argument is their length."""
_FIELDS = 7
LETTERS = {"file": "f", "link": "l", "folder": "d"}
"""How `find` calls the kinds of an Entry."""

_MOST_TOUCHED = 100
Known = Mapping[str, "tuple[Seen, Entry]"]


class Seen(Struct, frozen=True):
    """What one path looked like. A change of its content changes `changed`, which no program can set."""

    kind: str
    """`find`'s letter: f(ile), l(ink), d(irectory), and others."""
    mode: int
    size: int
    changed: str
    inode: str
    target: str


class Sending(Struct, frozen=True, kw_only=True):
    delete: list[str]
    """Removed with all that is in them, before anything is written."""
    prune: list[str]
    """Folders to remove if they are empty now."""
    write: list[str]


class Returning(Struct, frozen=True, kw_only=True):
    changed: list[str]
    """Files and links that are new or may differ."""
    deleted: list[str]
    refused: dict[str, str]
    """Path -> why it does not come back."""


def text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def printable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()


def parse(output: bytes) -> dict[str, Seen]:
    """What FIND or FIND_THESE printed, by path. Raises SandboxError where it cannot have been they."""
    fields = text(output).split("\0")[:-1]
    modes: dict[str, int] = {}
    seen: dict[str, Seen] = {}
    try:
        columns = [fields[column::_FIELDS] for column in range(_FIELDS)]
        for kind, mode, size, changed, inode, target, path in zip(*columns, strict=True):
            if mode not in modes:
                modes[mode] = int(mode, 8) & 0o777
            seen[path.removeprefix("./")] = Seen(kind, modes[mode], int(size), changed, inode, target)
    except ValueError as error:
        raise SandboxError(
            "the work tree could not be looked at",
            why=f"what the container says about it makes no sense: {error}",
            hint="try again; if it happens again, use another image or sandbox",
        ) from error
    return seen


def sending(wanted: Mapping[str, Entry], last: Iterable[str], seen: Mapping[str, Seen], known: Known) -> Sending:
    """What makes the tree inside, which looks like `seen`, hold `wanted`, and no more of the paths of `last`."""
    write = [path for path, entry in wanted.items() if not _holds(path, entry, seen, known)]
    there_still = [path for path in last if path not in wanted and path in seen]
    folders = {path for path in there_still if seen[path].kind == "d"}
    gone = [path for path in there_still if path not in folders]
    delete = dict.fromkeys(gone)
    for path in write:
        there = seen.get(path)
        if there is not None and there.kind != LETTERS[wanted[path].kind]:
            delete[path] = None
        for folder in parents(path) if seen else ():
            above = seen.get(folder)
            if above is not None and above.kind != "d":
                delete[folder] = None
    return Sending(
        delete=list(delete),
        prune=sorted({posixpath.dirname(path) for path in gone} - {""} | folders, reverse=True),
        write=write,
    )


def touched(todo: Sending, seen: Mapping[str, Seen]) -> list[str] | None:
    """The paths that looked like `seen` and look otherwise once `todo` is done; None: better look at all."""
    if len(todo.write) > _MOST_TOUCHED or any(seen[path].kind == "d" for path in todo.delete):
        return None
    paths = {*todo.delete, *todo.write, *todo.prune}
    for path in tuple(paths):
        paths.update(parents(path))
    return sorted(paths) if len(paths) <= _MOST_TOUCHED else None


def _holds(path: str, entry: Entry, seen: Mapping[str, Seen], known: Known) -> bool:
    there = seen.get(path)
    if there is not None and is_folder(entry):
        # Caches may have come to lie in it.
        return there.kind == LETTERS["folder"]
    return there is not None and path in known and known[path] == (there, entry)


def returning(
    snapshot: Mapping[str, Entry],
    seen: Mapping[str, Seen],
    known: Known,
    ignored: Callable[[list[str]], set[str]],
) -> Returning:
    """What differs from `snapshot` inside, as far as it may come back."""
    changed: list[str] = []
    new: list[str] = []
    refused: dict[str, str] = {}
    filled = {posixpath.dirname(path) for path in seen}
    for path, there in seen.items():
        entry = snapshot.get(path)
        if entry is None and in_cache(path):
            continue
        if there.kind == "d" and (path in filled or is_folder(entry)):
            continue
        if entry is not None and _holds(path, entry, seen, known):
            continue
        if why := refusal(path, there):
            refused[path] = why
        elif entry is None:
            new.append(f"{path}/" if there.kind == "d" else path)
        else:
            changed.append(path)
    dropped = ignored(new) if new else set[str]()
    changed += [path.removesuffix("/") for path in new if path not in dropped]
    above = {parent for path in changed for parent in parents(path)}
    deleted = [
        path
        for path, entry in snapshot.items()
        if _is_gone(path, entry, seen, above) and path not in changed and refused.keys().isdisjoint(parents(path))
    ]
    return Returning(changed=sorted(changed), deleted=deleted, refused=refused)


def _is_gone(path: str, entry: Entry, seen: Mapping[str, Seen], above: Container[str]) -> bool:
    if path not in seen:
        return True
    if is_folder(entry):
        # It is an entry only while it is empty, or holds nothing that comes back.
        return path in above
    return seen[path].kind == "d"


def refusal(path: str, seen: Seen) -> str | None:
    """Why a path must not be written to the host, if so."""
    if why := wrong_with(path):
        return why
    if seen.kind == LETTERS["folder"]:
        return None
    if seen.kind == "l":
        return None if stays_inside(path, seen.target) else "a link that leads out of the tree"
    if seen.kind != "f":
        return "a device, pipe or socket"
    if seen.size > MAX_BYTES:
        return f"larger than {MAX_BYTES // 1_000_000} MB"
    return None if seen.mode & 0o400 else "not readable by its owner"


def stays_inside(path: str, target: str) -> bool:
    """`..` only at the start, and not above the root: behind another link it would mean another folder."""
    if not target or target.startswith("/"):
        return False
    names = [name for name in target.split("/") if name not in {"", "."}]
    ups = 0
    while ups < len(names) and names[ups] == "..":
        ups += 1
    return ups <= path.count("/") and ".." not in names[ups:]


def named(paths: list[str]) -> bytes:
    """As scripts take them: each with a NUL behind it."""
    return b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
