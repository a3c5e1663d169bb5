"""Where reports go: files that are written whole or not at all, and standard output."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from r1code.app.diary import takes_all
from r1code.errors import UsageError
from r1code.repo.git import Git
from r1code.reports.form import AS_IT_IS, FOR_CI, GITHUB, STDOUT, Target
from r1code.tree.entry import wrong_with
from r1code.ui.safe import safe, safe_ci

_MODE = 0o666
"""Less what the process's mask takes: reports are there to be read by others."""


class Place(Struct, frozen=True, kw_only=True):
    """A file that was found fit for a report."""

    target: Target
    file: Path
    folder: Path
    """Where its own folder really is; what works in the tree must not lead it elsewhere."""
    inside: str = ""
    """Its path in the work tree; empty: it is outside."""


def places_of(targets: Sequence[Target], git: Git) -> tuple[Place, ...]:
    """Before anything is started. Raises UsageError where one of the files cannot be used."""
    found = [_place(one, git) for one in targets if one.file not in {"", STDOUT}]
    names = [str(one.folder / one.file.name) for one in found]
    names += [one.file for one in targets if one.file == STDOUT]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"no report can be written to {name}",
                why="two reports are to go there",
                hint="name another file for one of them",
            )
    return tuple(found)


def _place(target: Target, git: Git) -> Place:
    file = Path(target.file).absolute()
    if file.is_dir() or not file.name or not takes_all(file):
        raise UsageError(
            f"no report can be written to {target.file}",
            why="it is no regular file, so writing could fail or wait for ever",
            hint="name a file, or - for standard output",
        )
    folder = file.parent.resolve()
    nearest = next(one for one in (folder, *folder.parents) if one.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(
            f"no report can be written to {target.file}",
            why=f"{nearest} is no folder that can be written",
            hint="name a file elsewhere",
        )
    place, root = folder / file.name, git.root.resolve()
    inside = place.relative_to(root).as_posix() if place.is_relative_to(root) else ""
    if inside and (wrong_with(inside) is not None or git.tracks(inside)):
        raise UsageError(
            f"no report can be written to {target.file}",
            why="it is a file that git keeps, and what is there would be lost",
            hint="name a file that is none of the project's",
        )
    return Place(target=target, file=file, folder=folder, inside=inside)


def put(place: Place, text: str) -> None:
    """Writes the file. Raises UsageError, with what was there before as it was."""
    file = place.folder / place.file.name
    data = text.encode("utf-8", "surrogateescape" if place.target.form in AS_IT_IS else "backslashreplace")
    try:
        if place.file.parent.resolve() == place.folder:
            file.parent.mkdir(parents=True, exist_ok=True)
        if place.file.parent.resolve() != place.folder:
            raise UsageError(
                f"no report can be written to {place.file}",
                why="its folder leads elsewhere now",
                hint="r1code report makes it from the session",
            )
        if file.exists() and not file.is_file():
            # A device, or what the process was started with.
            file.write_bytes(data)
        else:
            replace_with(file, data)
    except OSError as error:
        raise UsageError(
            f"no report can be written to {place.file}",
            why=str(error),
            hint="free some space, or name another file",
        ) from error


def replace_with(file: Path, data: bytes) -> None:
    """In one step, whatever else looks at it. Raises OSError, with the old one there."""
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    try:
        with os.fdopen(descriptor, "wb") as made:
            made.write(data)
        fresh.replace(file)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise


def printable(text: str, form: str, *, is_terminal: bool, ci: bool) -> str:
    """For standard output. Raises UsageError where it would be obeyed there, and cannot be changed."""
    if form in FOR_CI:
        return text
    shown = safe_ci(text) if ci else safe(text) if is_terminal else text
    if form in AS_IT_IS and shown != text:
        raise UsageError(
            "the patch cannot be printed here",
            why="a terminal, or the CI service, would obey what is in it",
            hint="write it into a file: -o FILE, or --report FORM:FILE",
        )
    return shown


def uses_stdout(targets: Sequence[Target]) -> bool:
    return any(one.file == STDOUT for one in targets)


def is_github(targets: Sequence[Target]) -> bool:
    return any(one.form == GITHUB for one in targets)
