"""A session's document in each of its forms, and where it goes."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Literal

import msgspec

from r1code.app.export import Document
from r1code.errors import StateError, UsageError
from r1code.ui.markdown import markdown
from r1code.ui.page import page

Format = Literal["md", "json", "html"]
_MODE = 0o600
_SECTION = re.compile("(section_(?:start|end)):")


def rendered(document: Document, form: Format) -> str:
    """All of it, with a newline at the end."""
    if form == "html":
        return page(document)
    if form == "md":
        return markdown(document)
    return as_json(msgspec.to_builtins(document))


def as_json(value: object) -> str:
    """Indented, with a newline at the end, and without anything that a terminal or a CI service would obey."""
    # The standard module writes what is not ASCII as escapes, so nothing in it reaches a terminal; what a CI log
    # would obey stands in texts only, where it can be written in another way.
    text = json.dumps(value, indent=2)
    return _SECTION.sub(r"\1\\u003a", text.replace("##", "#\\u0023")) + "\n"


def format_of(name: str | None) -> Format:
    """As a file's name ends; Markdown where that says nothing."""
    suffix = Path(name or "").suffix.lower()
    return "html" if suffix in {".html", ".htm"} else "json" if suffix == ".json" else "md"


def write(text: str, file: Path, *, force: bool) -> None:
    """A file that only its owner can read. Raises UsageError where there is one already, and StateError."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL), _MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as made:
            made.write(text)
    except FileExistsError as error:
        raise UsageError(
            f"{file} is there already", why="it is not overwritten unasked", hint="name another file, or --force"
        ) from error
    except OSError as error:
        raise StateError(f"{file} cannot be written", why=str(error), hint="name another file with -o") from error
