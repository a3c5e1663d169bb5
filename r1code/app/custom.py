"""Commands that people wrote for themselves: Markdown files whose text is said in a session, and nothing else.

Nothing in them is run: they are words to the model.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import get_args

from msgspec import Struct

from r1code.tree.entry import blocked_by, look
from r1code.types import AgentMode

PROJECT_FOLDER = ".r1code/commands"
_END = ".md"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_FENCE = "---"
_FIELD = re.compile(r"([A-Za-z_-]+)\s*:\s*(.*)")
_GIVEN = re.compile(r"\$(ARGUMENTS|[1-9])")
_MOST_BYTES = 64_000
_MOST_FILES = 200
_MOST_ABOUT = 100
"""Characters of what a command is for, and of its arguments."""


class Custom(Struct, frozen=True, kw_only=True):
    """One command."""

    name: str
    about: str
    """What it is for, in a line; foreign text, where it is the project's."""
    hint: str = ""
    """Its arguments, for a person."""
    mode: AgentMode | None = None
    """None: as it is."""
    profile: str | None = None
    """Whose model does it, and what follows; None: as it is."""
    body: str

    def text(self, given: str) -> str:
        """What is said, with what stands after the name. Where it has no place for that, it is the end."""
        if not _GIVEN.search(self.body):
            return f"{self.body}\n\n{given}" if given else self.body
        words = _words(given)

        def filled(found: re.Match[str]) -> str:
            if found[1] == "ARGUMENTS":
                return given
            number = int(found[1]) - 1
            return words[number] if number < len(words) else ""

        return _GIVEN.sub(filled, self.body)


class Read(Struct, frozen=True):
    """The commands by name, and what is wrong with files, in words for a person."""

    commands: dict[str, Custom]
    wrong: tuple[str, ...] = ()


def user_files(folder: Path) -> dict[str, bytes]:
    """The user's own command files, by path. What cannot be read is left out."""
    found: dict[str, bytes] = {}
    for place in sorted(folder.glob(f"*{_END}"))[:_MOST_FILES]:
        with suppress(OSError):
            found[str(place)] = place.read_bytes()
    return found


def project_files(root: Path) -> dict[str, bytes]:
    """The same of the project in `root`: regular files only, for a link may lead out of it."""
    if blocked_by(root, f"{PROJECT_FOLDER}/x") is not None:
        return {}
    found: dict[str, bytes] = {}
    for place in sorted((root / PROJECT_FOLDER).glob(f"*{_END}"))[:_MOST_FILES]:
        path = f"{PROJECT_FOLDER}/{place.name}"
        with suppress(OSError):
            there = look(root, path)
            if there is not None and there[0].kind == "file":
                found[path] = there[1]
    return found


def read_commands(own: Mapping[str, bytes], project: Mapping[str, bytes], *, reserved: Collection[str]) -> Read:
    """The user's own go first; a project's choose no model and leave no plan mode. None has a `reserved` name."""
    commands: dict[str, Custom] = {}
    wrong: list[str] = []
    for files, is_project in ((own, False), (project, True)):
        for path, data in files.items():
            name = Path(path).stem
            if why := _refused(name, data, reserved):
                wrong.append(f"{path} is no command: {why}")
            elif name in commands:
                wrong.append(f"{path} is not used: you have a /{name} of your own")
            else:
                commands[name], ignored = _command(name, data, is_project=is_project)
                wrong += [f"{path}: {one}" for one in ignored]
    return Read(commands, tuple(wrong))


def _refused(name: str, data: bytes, reserved: Collection[str]) -> str:
    if not _NAME.fullmatch(name):
        return "a name has small letters, digits, - and _"
    if name in reserved:
        return f"/{name} is there already"
    if len(data) > _MOST_BYTES:
        return f"it has more than {_MOST_BYTES:,} bytes"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "it is no text in UTF-8"
    return "" if _parts(text)[1] else "it says nothing"


def _command(name: str, data: bytes, *, is_project: bool) -> tuple[Custom, list[str]]:
    """The command, and what of its file does not count."""
    fields, body = _parts(data.decode())
    ignored: list[str] = []
    mode = next((mode for mode in get_args(AgentMode) if fields.get("mode") == mode), None)
    if "mode" in fields and mode is None:
        ignored.append("mode is plan or act")
    if is_project and mode == "act":
        mode = None
        ignored.append("a project does not leave plan mode")
    if is_project and "profile" in fields:
        ignored.append("a project chooses no profile")
    if unknown := sorted(fields.keys() - {"description", "argument-hint", "mode", "profile"}):
        ignored.append(f"not used: {', '.join(unknown)}")
    about = fields.get("description") or body.splitlines()[0].lstrip("# ")
    custom = Custom(
        name=name,
        about=about[:_MOST_ABOUT],
        hint=fields.get("argument-hint", "")[:_MOST_ABOUT],
        mode=mode,
        profile=None if is_project else fields.get("profile") or None,
        body=body,
    )
    return custom, ignored


def _parts(text: str) -> tuple[dict[str, str], str]:
    """The front matter, one `key: value` a line, and the text after it."""
    lines = text.lstrip("\ufeff").splitlines()
    if not lines or lines[0].strip() != _FENCE:
        return {}, text.strip()
    fields: dict[str, str] = {}
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() == _FENCE:
            return fields, "\n".join(lines[number + 1 :]).strip()
        if found := _FIELD.fullmatch(line.strip()):
            fields[found[1].lower()] = found[2].strip().strip("\"'")
    # It never ends: all of it is text.
    return {}, text.strip()


def _words(given: str) -> list[str]:
    try:
        return shlex.split(given)
    except ValueError:
        return given.split()
