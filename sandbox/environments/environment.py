"""What a project needs to run its tests, as its files say. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

Decoded = TypeVar("Decoded", bound=Struct)
Language = Literal["python", "node", "go", "rust", "java", "ruby", "php", "native", "dotnet"]

HOME = "/opt/r1code"
"""Where everything that is installed for a project lies: what runs later may read it, and not write it."""
SOURCE = f"{HOME}/src"
"""Where a project's manifests lie while its dependencies are installed."""
WORK = "/workspace"


class Environment(Struct, frozen=True, kw_only=True):
    """What one project folder of a repository needs."""

    folder: str = ""
    """Relative to the root of the repository, which is the empty path."""
    language: Language
    manager: str
    """Who installs its dependencies: pip, poetry, npm, ..."""
    version: str = ""
    """Which version of the language it asks for, in the words of its own ecosystem."""
    system: tuple[str, ...] = ()
    """Debian packages that it needs beside the language itself."""
    files: tuple[str, ...] = ()
    """All that installing needs: manifests and lock files, relative to the root."""
    steps: tuple[str, ...] = ()
    """Shell commands that install the dependencies, run among `files`, with a network."""
    prepare: tuple[str, ...] = ()
    """Shell commands that connect the work tree with them, run in it, without a network."""
    sources: tuple[str, ...] = ()
    """A change of a file whose name ends so makes `prepare` due again."""
    variables: dict[str, str] = {}
    """For the steps and for all that runs later."""
    notes: tuple[str, ...] = ()
    """What could not be taken over, in words for a person."""
    is_plain: bool = False
    """r1code's own base image is enough."""


class Step(Struct, frozen=True, kw_only=True):
    """A shell command, in a project folder."""

    command: str
    folder: str = ""


class Preparation(Struct, frozen=True, kw_only=True):
    """What is done in each new sandbox, once the work tree is in it."""

    steps: tuple[Step, ...] = ()
    sources: tuple[str, ...] = ()
    """A change of a file whose name ends so makes all of it due again."""

    def is_due_after(self, paths: Iterable[str]) -> bool:
        return bool(self.sources) and any(path.endswith(self.sources) for path in paths)


class Folder:
    """One folder of a repository, as a detector sees it: paths are relative to it."""

    def __init__(self, path: str, files: Mapping[str, bytes], paths: Iterable[str]) -> None:
        """`files`: the manifests of the repository. `paths`: all of its files."""
        self.path = path
        self._prefix = f"{path}/" if path else ""
        self._files = files
        self.paths = frozenset(one.removeprefix(self._prefix) for one in paths if one.startswith(self._prefix))
        self.names = frozenset(one for one in self.paths if "/" not in one)

    def full(self, *names: str) -> tuple[str, ...]:
        """Relative to the root of the repository; only what can be read."""
        return tuple(f"{self._prefix}{name}" for name in names if f"{self._prefix}{name}" in self._files)

    def read(self, name: str) -> bytes:
        """Empty where there is no such file, or it cannot be read."""
        return self._files.get(f"{self._prefix}{name}", b"")

    def text(self, name: str) -> str:
        return self.read(name).decode(errors="replace")

    def word(self, *names: str) -> str:
        """The first word of the first of these files that has one."""
        for name in names:
            for line in self.text(name).splitlines():
                if words := line.partition("#")[0].split():
                    return words[0]
        return ""

    def toml(self, name: str, kind: type[Decoded], notes: list[str]) -> Decoded:
        """What a file holds of what `kind` knows; nothing, and a note, where it cannot be read."""
        return self._decode(name, kind, notes, lambda data: msgspec.toml.decode(data, type=kind))

    def json(self, name: str, kind: type[Decoded], notes: list[str]) -> Decoded:
        """As `toml`."""
        return self._decode(name, kind, notes, lambda data: msgspec.json.decode(data, type=kind))

    def _decode(
        self, name: str, kind: type[Decoded], notes: list[str], decode: Callable[[bytes], Decoded]
    ) -> Decoded:
        data = self.read(name)
        try:
            return decode(data) if data.strip() else kind()
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            notes.append(f"{self._prefix}{name} is not understood ({error}), and not used")
            return kind()

    def having(self, name: str) -> Iterator[str]:
        """Paths of all files with this name, here and below."""
        return (path for path in sorted(self.paths) if posixpath.basename(path) == name)


def source_of(folder: str) -> str:
    """Where the manifests of a project folder lie while its dependencies are installed."""
    return posixpath.join(SOURCE, folder).rstrip("/")


def quoted(value: str) -> str:
    """One word of a shell, as a person would write it where that is possible."""
    if value and all(letter.isalnum() or letter in "-_./:@%+=," for letter in value):
        return value
    return "'" + value.replace("'", "'\"'\"'") + "'"
