"""What is kept of a server that r1code started: one folder each, in the state folder."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from filelock import FileLock, Timeout
from msgspec import Struct

from r1code.errors import StateError, UsageError

Phase = Literal["starting", "ready", "restarting", "stopping", "stopped", "failed"]
_T = TypeVar("_T", bound=Struct)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Server(Struct, frozen=True, kw_only=True):
    """What was asked for. Secrets are not in it."""

    name: str
    argv: tuple[str, ...]
    environment: dict[str, str]
    host: str
    port: int
    base_url: str
    served: str
    profile: str
    window: int
    tokens: int
    """Of KV cache, as planned for one engine."""
    drain_seconds: float
    started: float
    cleanup: tuple[str, ...] = ()
    """A command that removes what an ended process may have left; it may find nothing."""


class Now(Struct, frozen=True, kw_only=True):
    """How it is, as its supervisor last said."""

    phase: Phase
    supervisor: int
    pid: int | None = None
    """vLLM's, which leads a process group."""
    born: str = ""
    """When that process began, as the kernel counts: another one with its number is not it."""
    restarts: int = 0
    why: str = ""


class Kept:
    """The folder of one server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def project(self) -> Path:
        """Where it runs in Compose: what that reads."""
        return self.folder / "compose.yaml"

    def server(self) -> Server:
        """Raises StateError."""
        return _read(self.folder / "server.json", Server)

    def now(self) -> Now | None:
        """None: its supervisor has said nothing yet. Raises StateError."""
        file = self.folder / "now.json"
        return _read(file, Now) if file.exists() else None

    def keep(self, what: Server | Now) -> None:
        _write(self.folder / ("server.json" if isinstance(what, Server) else "now.json"), what)

    def forget_now(self) -> None:
        (self.folder / "now.json").unlink(missing_ok=True)

    def lock(self) -> FileLock:
        """Its supervisor holds this as long as it lives."""
        return FileLock(self.folder / "lock")

    def starting(self) -> FileLock:
        """Whoever starts it holds this until its supervisor is there."""
        return FileLock(self.folder / "starting")

    def is_supervised(self) -> bool:
        if not (self.folder / "lock").exists():
            return False
        lock = self.lock()
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False


def servers_in(folder: Path) -> Iterator[Kept]:
    if folder.is_dir():
        yield from (Kept(one) for one in sorted(folder.iterdir()) if (one / "server.json").is_file())


def kept_named(folder: Path, name: str | None) -> Kept:
    """The server of this name; without one the only one. Raises UsageError."""
    there = list(servers_in(folder))
    names = ", ".join(one.name for one in there) or "none"
    if name is None and len(there) == 1:
        return there[0]
    found = next((one for one in there if one.name == name), None)
    if found is None:
        raise UsageError(
            "no server is named" if name is None else f"there is no server {name!r}",
            why=f"there are: {names}",
            hint="r1code serve status",
        )
    return found


def checked_name(name: str) -> str:
    """Raises UsageError where it could not be a folder's and a profile's."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a server",
            why="it becomes a folder and a profile: small letters, digits, dots, hyphens",
            hint="--name r1",
        )
    return name


def born(pid: int) -> str:
    """Empty: there is no such process, or no /proc to tell."""
    try:
        # The name in brackets may hold anything; what follows its end is numbers.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _read(file: Path, shape: type[_T]) -> _T:
    try:
        return msgspec.json.decode(file.read_bytes(), type=shape)
    except (OSError, msgspec.MsgspecError) as error:
        raise StateError(
            f"{file} cannot be read",
            why=str(error),
            hint="r1code serve down, then remove that folder and start the server again",
        ) from error


def _write(file: Path, what: Struct) -> None:
    descriptor, fresh = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)
    with os.fdopen(descriptor, "wb") as written:
        written.write(msgspec.json.format(msgspec.json.encode(what), indent=2) + b"\n")
    Path(fresh).replace(file)
