"""What was typed and not sent: on disk before the screen shows it, and there again at the next start."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import suppress
from io import FileIO
from pathlib import Path

import msgspec
from msgspec import Struct


class Draft(Struct, frozen=True, kw_only=True):
    text: str = ""
    """Of the line; a chip stands for each long paste."""
    pastes: tuple[str, ...] = ()
    """What the chips stand for, from the first on."""
    waiting: tuple[str, ...] = ()
    """What was to be sent after the turn under way."""


class Drafts:
    """Of one folder, for one process: another one that is there keeps its own to itself.

    What a disk refuses is not kept, and nothing is raised for it: typing goes on.
    """

    def __init__(self, folder: Path, project: Path) -> None:
        """`folder`: where drafts of all projects are kept."""
        name = hashlib.sha256(os.fsencode(project)).hexdigest()[:24]
        self._file = folder / f"{name}.json"
        self._kept = Draft()
        self._lock: FileIO | None = None
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The lock goes with the process, however that ends.
            lock = FileIO(folder / f"{name}.lock", "w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._lock = lock
            except OSError:
                lock.close()

    def found(self) -> Draft:
        """What is left of the last time."""
        if self._lock is not None:
            with suppress(OSError, ValueError):
                self._kept = msgspec.convert(json.loads(self._file.read_bytes()), type=Draft)
        return self._kept

    def keep(self, draft: Draft) -> None:
        """In the file when this returns, also for whoever kills the process now."""
        if self._lock is None or draft == self._kept:
            return
        self._kept = draft
        with suppress(OSError):
            if draft == Draft():
                self._file.unlink(missing_ok=True)
                return
            beside = self._file.with_suffix(".new")
            beside.touch(mode=0o600)
            # What a terminal sends may be no UTF-8; this escapes it.
            beside.write_text(json.dumps(msgspec.to_builtins(draft)))
            beside.replace(self._file)

    def close(self) -> None:
        """Lets another process have them. Safe to call again."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def project_of(folder: Path) -> Path:
    """The checkout that a folder is in, as far as its name tells; else the folder."""
    folder = folder.resolve()
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)
