"""A patch that somebody wrote as text, read against a work tree: git finds the places, nothing is touched."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from r1code.errors import UsageError
from r1code.repo.files import is_secret
from r1code.repo.plumbing import Ran, checked, run
from r1code.repo.unified import commit, scratch
from r1code.tree.entry import Entry, blocked_by, look, wrong_with
from r1code.tree.hunks import lines_of
from r1code.tree.patch import FileChange, Patch
from r1code.tree.store import Store

_SOURCE = re.compile(rb'^(?:rename|copy) from ("?)(.+)\1\r?$', re.MULTILINE)
_ESCAPE = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPED = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))
_HEADER = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_FAILED = re.compile(r"^error: patch failed: (.*):(\d+)$", re.MULTILINE)
_LIKE_GIT = re.compile(r"[ab]/|/dev/null")
_FILE, _PROGRAM = "100644", "100755"


class _Written(Struct, frozen=True, kw_only=True):
    """A hunk as it stands in the text."""

    file: bytes
    place: int
    start: int
    old: Sequence[bytes]
    """The lines that it expects."""


def incoming(text: bytes, root: Path, store: Store) -> Patch:
    """What `text`, in git's or the plain unified format, makes of the tree at `root`; contents go to the store.

    Raises UsageError where it is no patch, names what is not to be changed (outside of the tree, git's own, a
    link, a secret), or does not fit: then it says which hunk, and which place is nearest.
    """
    with scratch() as (folder, env):
        strip, names = _names(text, root, folder, env)
        for name in names:
            _refuse(name, root)
        found = {name: _kept(name, root, store) for name in names}
        stream = b"".join(commit("tree", found.items(), store))
        checked(run(folder, ["fast-import", "--quiet"], env=env, stdin=stream), "read the files of the patch")
        checked(run(folder, ["read-tree", "refs/heads/tree"], env=env), "read the files of the patch")
        arguments = ["apply", "--cached", "--whitespace=nowarn", f"-p{strip}", "-"]
        ran = run(folder, arguments, env=env, stdin=text)
        if ran.code:
            again = run(folder, [*arguments[:-1], "-R", "--check", "-"], env=env, stdin=text)
            raise _does_not_fit(text, ran, root, is_done=again.code == 0)
        return _result(found, folder, env, store)


def _names(text: bytes, root: Path, folder: Path, env: dict[str, str]) -> tuple[int, list[str]]:
    """How many leading parts of the names count for nothing, and the names without them."""
    listed = [run(folder, ["apply", "--numstat", "-z", f"-p{strip}"], env=env, stdin=text) for strip in (0, 1)]
    whole, stripped = ([name.partition("\t")[2].partition("\t")[2] for name in ran.names] for ran in listed)
    for name in whole:
        if name.startswith("/"):
            raise _refused(name, "it is absolute")
    if not (whole or stripped):
        why = listed[1].error.strip().removeprefix("error: ").partition(" (allow with")[0]
        raise UsageError(
            "this is no patch that could be applied",
            why=why or "there is no change in it",
            hint="name a file in the format of `git diff` or `diff -u`, or the id of a session",
        )
    known = [sum((root / name).is_file() for name in names) for names in (whole, stripped)]
    strip = int(bool(stripped) and (all(map(_LIKE_GIT.match, whole)) or known[1] >= known[0]))
    sources = [_unquoted(name, quote=quote) for quote, name in _SOURCE.findall(text)]
    return strip, sorted({*(stripped if strip else whole), *map(os.fsdecode, sources)})


def _unquoted(name: bytes, *, quote: bytes) -> bytes:
    def character(match: re.Match[bytes]) -> bytes:
        code = match[1]
        return bytes([_ESCAPED[code[0]] if len(code) == 1 else int(code, 8) & 0xFF])

    return _ESCAPE.sub(character, name) if quote else name


def _refuse(name: str, root: Path) -> None:
    why = "it leads out of the tree" if ".." in name.split("/") else wrong_with(name)
    if why is None and is_secret(name):
        why = "it may hold secrets, which r1code neither reads nor writes"
    if why is None and blocked_by(root, name) is not None and (root / name).parent.exists():
        why = f"{blocked_by(root, name)} above it is no folder but a link or a file"
    if why is None and (root / name).is_symlink():
        why = "it is a link"
    if why is not None:
        raise _refused(name, why)


def _refused(name: str, why: str) -> UsageError:
    return UsageError(
        f"the patch is refused: it would change {name!r}",
        why=why,
        hint="take that file out of the patch; nothing was changed",
    )


def _kept(name: str, root: Path, store: Store) -> Entry | None:
    try:
        found = look(root, name)
    except OSError as error:
        raise _refused(name, f"what is there is no file that could be read: {error.strerror}") from error
    if found is None:
        return None
    store.put(found[1])
    return found[0]


def _result(found: dict[str, Entry | None], folder: Path, env: dict[str, str], store: Store) -> Patch:
    listed = checked(run(folder, ["ls-files", "-s", "-z"], env=env), "list the result").names
    modes: dict[str, str] = {}
    objects: dict[str, str] = {}
    for line in listed:
        told, _, path = line.partition("\t")
        modes[path], objects[path], _ = told.split(" ")
        if modes[path] not in {_FILE, _PROGRAM}:
            raise _refused(path, "it would become a link or a repository")
        if path not in found:
            raise _refused(path, "the patch names it in a way that is not understood")
    contents = _contents(list(objects.values()), folder, env)
    return Patch.of(
        FileChange(
            path=path, before=before, after=_after(before, modes[path], store.put(contents[objects[path]]))
        )
        if path in objects
        else FileChange(path=path, before=before, after=None)
        for path, before in found.items()
    )


def _contents(names: Sequence[str], folder: Path, env: dict[str, str]) -> dict[str, bytes]:
    asked = "".join(f"{name}\n" for name in names).encode()
    output = checked(run(folder, ["cat-file", "--batch"], env=env, stdin=asked), "read the result").output
    contents: dict[str, bytes] = {}
    at = 0
    for name in names:
        start = output.index(b"\n", at) + 1
        end = start + int(output[at:start].rpartition(b" ")[2])
        contents[name] = output[start:end]
        at = end + 1
    return contents


def _after(before: Entry | None, mode: str, digest: str) -> Entry:
    """Git knows of a mode only whether it is a program; the rest stays as it is."""
    bits = 0o644 if before is None else before.mode
    if mode == _PROGRAM and not bits & 0o100:
        bits |= (bits & 0o444) >> 2
    elif mode == _FILE and bits & 0o100:
        bits &= ~0o111
    return Entry(kind="file", mode=bits, digest=digest)


def _does_not_fit(text: bytes, ran: Ran, root: Path, *, is_done: bool) -> UsageError:
    failed = _FAILED.search(ran.error)
    if is_done:
        why = "what it changes is changed already"
    elif failed is not None:
        why = _place(text, failed[1], int(failed[2]), root)
    else:
        why = "; ".join(line.removeprefix("error: ") for line in ran.error.strip().splitlines())
        why = why.replace(" in index", "")
    return UsageError(
        "the patch does not fit the files, and nothing was changed",
        why=why,
        hint="nothing is to be done"
        if is_done
        else "make that place what the patch starts from, or the patch anew",
    )


def _place(text: bytes, name: str, start: int, root: Path) -> str:
    """Which hunk does not fit, and where most of its lines are, one after the other."""
    hunks = [one for one in _written(text) if one.start == start and one.file.endswith(os.fsencode(name))]
    if not hunks:
        return f"the hunk of {name!r} at line {start} is not in the file"
    hunk = hunks[0]
    said = f"hunk {hunk.place} of {name!r}, for line {start}, is not in the file"
    found = look(root, name)
    places: defaultdict[bytes, list[int]] = defaultdict(list)
    for index, line in enumerate(hunk.old):
        if line.strip():
            places[line.strip()].append(index)
    votes = Counter(
        number - index
        for number, line in enumerate(lines_of(b"" if found is None else found[1]), start=1)
        for index in places.get(line.strip(), ())
    )
    if not votes:
        return f"{said}, nor is any of its lines"
    nearest, count = min(votes.items(), key=lambda vote: (-vote[1], abs(vote[0] - start)))
    if count == len(hunk.old):
        return f"{said}: its lines are at line {nearest}, but the file neither begins nor ends there as it says"
    return f"{said}; the nearest place is line {max(1, nearest)}, with {count} of its {len(hunk.old)} lines"


def _written(text: bytes) -> Iterator[_Written]:
    file, place, lines, at = b"", 0, text.split(b"\n"), 0
    while at < len(lines):
        line = lines[at]
        at += 1
        header = _HEADER.match(line)
        if header is None:
            if line.startswith((b"--- ", b"+++ ")) and not line[4:].startswith(b"/dev/null"):
                file, place = line[4:].partition(b"\t")[0].strip(b'"\r'), 0
            continue
        old, new = (1 if number is None else int(number) for number in header.groups()[1:])
        expected: list[bytes] = []
        while (old > 0 or new > 0) and at < len(lines):
            sign, line = lines[at][:1], lines[at][1:]
            at += 1
            old -= sign in {b" ", b"-", b""}
            new -= sign in {b" ", b"+", b""}
            expected += [line] if sign in {b" ", b"-", b""} else []
        place += 1
        yield _Written(file=file, place=place, start=int(header[1]), old=expected)
