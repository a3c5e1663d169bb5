"""The outlines of a work tree: what is known is looked up by content, what is not is read by other processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from r1code.control import Control
from r1code.errors import Cancelled, StateError
from r1code.repo.index.languages import Language, language_of, version_of
from r1code.repo.index.outline import Outline
from r1code.repo.index.pool import Pool
from r1code.repo.index.store import MOST_BYTES, OutlineStore, Row
from r1code.repo.index.worker import Job
from r1code.tree.entry import Entry
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store

FILE = "outlines.sqlite"
"""In the state folder."""
_DIGEST_CHARS = 32
_TOGETHER = 200
"""Outlines that are written at once: what a cancel or a crash can cost."""

Told = Callable[[int, int], None]
"""How many are done, and of how many."""


def _ignore(done: int, of: int) -> None:
    """Nobody is told."""


def keys_of(snapshot: Snapshot, paths: Iterable[str] | None = None) -> dict[str, str]:
    """Path -> the key of its outline, for the files that can have one; equal keys, equal outlines."""
    entries = snapshot.entries
    found: dict[str, str] = {}
    for path in entries if paths is None else sorted(set(paths) & entries.keys()):
        entry = entries[path]
        language = _language(path, entry)
        if language is not None and (version := version_of(language)):
            found[path] = entry.digest[:_DIGEST_CHARS] + version
    return found


class Index:
    """Of all trees whose contents are in one store. `close` it: it may keep a process.

    Asking is safe for any thread; one thread at a time builds, others that want to wait for it.
    """

    def __init__(
        self, file: Path, contents: Store, *, most_bytes: int = MOST_BYTES, pool: Pool | None = None
    ) -> None:
        self._rows = OutlineStore(file, most_bytes=most_bytes)
        self._pool = pool or Pool(contents.folder)
        self._building = threading.Lock()

    def missing(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The files that have an outline which is not known yet, by path."""
        return tuple(self._lacking(keys_of(snapshot)))

    def _lacking(self, keys: Mapping[str, str]) -> dict[str, str]:
        known = self._rows.known(set(keys.values()))
        return {path: key for path, key in keys.items() if key not in known}

    def build(self, snapshot: Snapshot, control: Control, told: Told = _ignore) -> None:
        """Reads what is missing. What was read stays known when this raises: Cancelled, or StateError."""
        while not self._building.acquire(timeout=0.05):
            control.check()
        try:
            self._build(snapshot, control, told)
        finally:
            self._building.release()

    def _build(self, snapshot: Snapshot, control: Control, told: Told) -> None:
        jobs = {_job(snapshot, path): key for path, key in self._lacking(keys_of(snapshot)).items()}
        if not jobs:
            return
        fresh: list[Row] = []
        done = 0
        told(0, len(jobs))
        try:
            for job, packed in self._pool.run(jobs, control):
                fresh.append((jobs[job], packed))
                if len(fresh) >= _TOGETHER:
                    self._rows.put(fresh)
                    done += len(fresh)
                    fresh = []
                    told(done, len(jobs))
        finally:
            self._rows.put(fresh)
            self._pool.close(keep=1)
        self._rows.trim()
        told(len(jobs), len(jobs))

    def outlines(self, snapshot: Snapshot, paths: Iterable[str] | None = None) -> dict[str, Outline]:
        """Those that are known, of all files or of `paths`, by path in sorted order."""
        return self._known(keys_of(snapshot, paths))

    def holding(self, snapshot: Snapshot, name: str) -> dict[str, Outline]:
        """The known outlines that have `name` in them as a name of its own: defined, called, used or imported."""
        keys = keys_of(snapshot)
        found = self._known(keys, name.encode(errors="replace"))
        return {path: outline for path, outline in found.items() if _has(outline, name)}

    def _known(self, keys: Mapping[str, str], holding: bytes = b"") -> dict[str, Outline]:
        found: dict[str, Outline] = {}
        damaged: list[str] = []
        for key, packed in self._rows.get(set(keys.values()), holding=holding):
            try:
                found[key] = Outline.unpack(packed)
            except msgspec.MsgspecError:
                damaged.append(key)
        if damaged:
            self._rows.drop(damaged)
        return {path: found[key] for path, key in keys.items() if key in found}

    def uninstalled(self, snapshot: Snapshot) -> dict[str, int]:
        """Language -> the number of its files, for known languages whose grammar is not installed."""
        found: dict[str, int] = {}
        for path, entry in snapshot.entries.items():
            language = _language(path, entry)
            if language is not None and not version_of(language):
                found[language.name] = found.get(language.name, 0) + 1
        return found

    def start(self, snapshot: Snapshot) -> Building:
        """Builds in the background."""
        return Building(self, snapshot)

    def close(self) -> None:
        self._pool.close()
        self._rows.close()


class Building:
    """An index that is built in the background. `stop` it before the index is closed and the process ends."""

    def __init__(self, index: Index, snapshot: Snapshot) -> None:
        self._control = Control()
        self._progress = (0, 0)
        self.failure: StateError | None = None
        """Why it ended early."""
        self._thread = threading.Thread(target=self._run, args=(index, snapshot), name="r1code-index")
        self._thread.start()

    def _run(self, index: Index, snapshot: Snapshot) -> None:
        try:
            index.build(snapshot, self._control, self._told)
        except Cancelled:
            pass
        except StateError as error:
            self.failure = error

    def _told(self, done: int, of: int) -> None:
        self._progress = (done, of)

    @property
    def progress(self) -> tuple[int, int]:
        """How many files are done, and of how many; (0, 0): it is not known yet, or there is nothing to do."""
        return self._progress

    @property
    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it is done by then."""
        self._thread.join(seconds)
        return self.is_done

    def stop(self) -> None:
        """Ends it, and waits until it has ended; what it read stays known."""
        self._control.cancel()
        self._thread.join()


def _job(snapshot: Snapshot, path: str) -> Job:
    language = _language(path, snapshot.entries[path])
    return Job(digest=snapshot.entries[path].digest, language="" if language is None else language.name)


def _language(path: str, entry: Entry) -> Language | None:
    return language_of(path, is_program=bool(entry.mode & 0o111)) if entry.kind == "file" else None


def _has(outline: Outline, name: str) -> bool:
    return (
        name in outline.calls
        or name in outline.uses
        or any(one.name == name for one in outline.definitions)
        or any(one.name == name for one in outline.imports)
    )
