"""A person's own TOML file: changed in place, with all else in it as it is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import tomlkit
import tomlkit.exceptions

from r1code.errors import UsageError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def document_of(file: Path) -> TOMLDocument:
    """What is in it; empty where there is no such file. Raises UsageError."""
    try:
        return tomlkit.parse(file.read_bytes().decode())
    except FileNotFoundError:
        return tomlkit.document()
    except (OSError, UnicodeDecodeError, tomlkit.exceptions.ParseError) as error:
        raise UsageError(f"{file} cannot be read", why=str(error), hint="correct it, and try again") from error


def rewrite(file: Path, document: TOMLDocument, check: Callable[[Path], object]) -> None:
    """Replaces the file in one step; its mode stays, and what links to it.

    `check` looks at the new one first: what it raises ends this. Raises UsageError, with the old one there.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            made = Path(folder) / file.name
            made.write_bytes(tomlkit.dumps(document).encode())
            _checked(made, file, check)
            if file.exists():
                shutil.copymode(file, made)
            made.replace(file.resolve())
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written", why=str(error), hint="free some space, or fix its permissions"
        ) from error


def _checked(made: Path, file: Path, check: Callable[[Path], object]) -> None:
    """What is wrong is told of the file that a person knows. Raises UsageError."""
    try:
        check(made)
    except UsageError as error:
        what, why, hint = (text.replace(str(made), str(file)) for text in (error.what, error.why, error.hint))
        raise UsageError(what, why=why, hint=hint) from error
