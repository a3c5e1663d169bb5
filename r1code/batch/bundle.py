"""The folder of a batch: what was asked, how, and what came of it; all that a third party needs to check that.

manifest.json, tasks.jsonl, results.jsonl, and for each task tasks/ID/ with result.json, patch.diff and the
packed events. It names no folder of the machine. A result that is there is complete: it is written last, as one.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from filelock import FileLock, Timeout
from msgspec import Struct

from r1code import __version__
from r1code.batch.result import Result
from r1code.batch.task import BatchTask
from r1code.batch.work import PATCH, Done
from r1code.errors import StateError, UsageError

SCHEMA = 1
MANIFEST = "manifest.json"
TASKS = "tasks.jsonl"
RESULTS = "results.jsonl"
RESULT = "result.json"
_SAFE_FILE = re.compile(r"\A[a-z0-9][a-z0-9.-]{0,63}\Z")
_TOLD = (
    "profile",
    "model_name",
    "effort",
    "think",
    "planner",
    "strategy",
    "sandbox",
    "network",
    "image",
    "candidates",
    "seed",
    "steps",
    "seconds",
    "tokens",
    "reasoning_tokens",
    "budget",
    "working_context",
    "map_tokens",
    "test_seconds",
    "instructions",
)
"""Settings that say how the model worked, and nothing of the machine or of a person."""
Value = TypeVar("Value")


class Machine(Struct, frozen=True, kw_only=True):
    system: str
    kind: str
    python: str
    processors: int


class Manifest(Struct, frozen=True, kw_only=True):
    schema: int = SCHEMA
    r1code: str
    begun: str
    """The day, in UTC."""
    profile: str
    """Whose model did it."""
    model: str
    settings: dict[str, Any]
    """Of r1code, where they are not the default."""
    machine: Machine
    tasks: int
    seconds: float | None = None
    """For each try."""
    attempts: int = 3


def this_machine() -> Machine:
    return Machine(
        system=platform.system(),
        kind=platform.machine(),
        python=platform.python_version(),
        processors=os.cpu_count() or 1,
    )


def manifest_of(
    values: Mapping[str, Any],
    defaults: Mapping[str, Any],
    profile: tuple[str, str],
    tasks: int,
    *,
    seconds: float | None,
    attempts: int,
) -> Manifest:
    """`values` and `defaults` of the configuration; `profile`: its name, and its model's."""
    told = {key: values[key] for key in _TOLD if values.get(key) != defaults.get(key)}
    return Manifest(
        r1code=__version__,
        begun=datetime.now(UTC).date().isoformat(),
        profile=profile[0],
        model=profile[1],
        settings=told,
        machine=this_machine(),
        tasks=tasks,
        seconds=seconds,
        attempts=attempts,
    )


class Bundle:
    """Methods raise StateError where the folder cannot be read or written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        """Where tasks are worked on; gone when nothing runs."""

    @staticmethod
    def open(folder: Path) -> Bundle:
        """One that is there. Raises UsageError."""
        bundle = Bundle(folder)
        if not (folder / MANIFEST).is_file():
            raise UsageError(
                f"{folder} is no result of a batch",
                why=f"there is no {MANIFEST} in it",
                hint="name the folder that `r1code batch run TASKS -o FOLDER` wrote",
            )
        return bundle

    def locked(self) -> FileLock:
        """Held by the one batch that writes it, and given up with its process. Raises UsageError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise UsageError(
                f"{self.folder} is in use",
                why="another `r1code batch` writes it",
                hint="wait for it, or name another folder with -o",
            ) from None
        return lock

    @property
    def manifest(self) -> Manifest:
        return self._read(self.folder / MANIFEST, Manifest)

    @property
    def tasks(self) -> tuple[BatchTask, ...]:
        lines = self._bytes(self.folder / TASKS).splitlines()
        return tuple(self._decoded(self.folder / TASKS, line, BatchTask) for line in lines if line.strip())

    def begin(self, manifest: Manifest, tasks: Sequence[BatchTask]) -> None:
        """Writes what is asked. Raises UsageError where the folder has results of other tasks."""
        lines = [msgspec.json.encode(task) for task in tasks]
        if (self.folder / MANIFEST).is_file():
            if {*self._bytes(self.folder / TASKS).splitlines()} != {*lines}:
                raise UsageError(
                    f"{self.folder} has the results of other tasks",
                    why="its tasks.jsonl differs from the tasks that were named",
                    hint="name another folder with -o, or the same tasks as before",
                )
            self._refuse_others(manifest)
            return
        if any(one.name not in {"lock", "work"} for one in self.folder.iterdir()):
            raise UsageError(
                f"{self.folder} is no result of a batch",
                why="there is something else in it",
                hint="name an empty folder, or one that is not there yet",
            )
        write_whole(self.folder / TASKS, b"".join(line + b"\n" for line in lines))
        write_whole(self.folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")

    def _refuse_others(self, manifest: Manifest) -> None:
        """Raises UsageError: results that were made in different ways say nothing together."""
        before = self.manifest
        # As it looks when it was written and read.
        now = msgspec.json.decode(msgspec.json.encode(manifest), type=Manifest)
        asked = {"profile": now.profile, "model": now.model, **now.settings}
        given = {"profile": before.profile, "model": before.model, **before.settings}
        for key in sorted(asked.keys() | given.keys()):
            if asked.get(key) != given.get(key):
                raise UsageError(
                    f"{self.folder} was begun with other settings",
                    why=f"{key} was {given.get(key)}, and now it is {asked.get(key)}",
                    hint="name another folder with -o, or the same flags as before",
                )

    def place(self, task: str) -> Path:
        return self.folder / "tasks" / task

    def result(self, task: str) -> Result | None:
        """None: it has none yet."""
        place = self.place(task) / RESULT
        return self._read(place, Result) if place.is_file() else None

    def results(self) -> Iterator[Result]:
        """In the order of the tasks."""
        for task in self.tasks:
            if (result := self.result(task.id)) is not None:
                yield result

    def patch(self, task: str) -> str:
        place = self.place(task) / PATCH
        return self._bytes(place).decode("utf-8", "surrogateescape") if place.is_file() else ""

    def keep(self, done: Done) -> None:
        """All of it, or none: the result comes last, and what an earlier one left goes first."""
        place = self.place(done.result.id)
        (place / RESULT).unlink(missing_ok=True)
        if place.is_dir():
            shutil.rmtree(place)
        place.mkdir(parents=True)
        for name, data in done.files.items():
            if _SAFE_FILE.match(name) is None:
                raise ValueError(f"{name!r} is no name of a file of a result")
            write_whole(place / name, data)
        write_whole(place / RESULT, msgspec.json.encode(done.result) + b"\n")

    def summed(self) -> None:
        """Writes results.jsonl: all results that there are, in the order of the tasks."""
        write_whole(self.folder / RESULTS, (msgspec.json.encode(one) + b"\n" for one in self.results()))

    def _read(self, place: Path, type_: type[Value]) -> Value:
        return self._decoded(place, self._bytes(place), type_)

    def _decoded(self, place: Path, data: bytes, type_: type[Value]) -> Value:
        try:
            return msgspec.json.decode(data, type=type_)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise StateError(
                f"{place} cannot be read",
                why=str(error),
                hint="it was written by another version of r1code, or changed since",
            ) from error

    def _bytes(self, place: Path) -> bytes:
        try:
            return place.read_bytes()
        except OSError as error:
            raise StateError(
                f"{place} cannot be read", why=str(error), hint="name a folder that `r1code batch run` wrote"
            ) from error


def write_whole(place: Path, data: bytes | Iterable[bytes]) -> None:
    """The file, complete and on the disk, or as it was. Raises StateError."""
    try:
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=".", suffix=".new")
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in (data,) if isinstance(data, bytes) else data:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(place)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise StateError(
            f"{place} cannot be written", why=str(error), hint="free some space, or name another folder with -o"
        ) from error
