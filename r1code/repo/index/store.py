"""Packed outlines in one sqlite file, by content: branches, worktrees and an undo share what they have in common.

For several processes and threads at once. It is a cache: one that is damaged or of another format is begun anew,
one that cannot be written is kept in memory, and nobody is asked.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

import msgspec
from filelock import FileLock, Timeout

T = TypeVar("T")
Row = tuple[str, bytes]
"""Key and packed outline."""

_KNOWN = "SELECT key, used FROM outlines WHERE key IN (SELECT value FROM json_each(?))"
_GET = "SELECT key, data FROM outlines WHERE key IN (SELECT value FROM json_each(?)) AND instr(data, ?)"
_TOUCH = "UPDATE outlines SET used = ? WHERE key IN (SELECT value FROM json_each(?))"
_AGES = "SELECT key, length(data) FROM outlines ORDER BY used DESC, rowid DESC"
"""What was put together lies together: it leaves whole pages behind."""
_CHECK = "PRAGMA quick_check(1)"
_DROP = "DELETE FROM outlines WHERE key IN (SELECT value FROM json_each(?))"

FORMAT = 1
"""Of the table. What an outline depends on is in its key."""
MOST_BYTES = 1_000_000_000
_LEFT = 0.7
"""Of the most, after the oldest rows were removed."""
_BUSY_SECONDS = 10.0
_LOCK_SECONDS = 5.0
_DAY_SECONDS = 86_400
_OF_SQLITE = ("", "-wal", "-shm")
_UNUSABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
"""Nothing is wrong with the content of the file. All else is."""


class OutlineStore:
    def __init__(self, file: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._file = file
        self._most_bytes = most_bytes
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self.in_memory = False
        """What is put here ends with this process."""

    def known(self, keys: Iterable[str]) -> set[str]:
        """Those of `keys` that are here; they count as used today."""
        today = int(time.time() // _DAY_SECONDS)
        asked = _list(keys)

        def look(to: sqlite3.Connection) -> set[str]:
            rows: list[tuple[str, int]] = to.execute(_KNOWN, (asked,)).fetchall()
            old = [key for key, used in rows if used < today]
            if old:
                to.execute(_TOUCH, (today, _list(old)))
            return {key for key, _ in rows}

        return self._do(look)

    def get(self, keys: Iterable[str], *, holding: bytes = b"") -> list[Row]:
        """Those of `keys` that are here; `holding`: only where these bytes are in the outline."""
        asked = _list(keys)
        return self._do(lambda to: to.execute(_GET, (asked, holding)).fetchall())

    def put(self, rows: Iterable[Row]) -> None:
        """All of them or none."""
        today = int(time.time() // _DAY_SECONDS)
        values = [(key, today, data) for key, data in rows]
        self._do(lambda to: _put(to, values))

    def drop(self, keys: Iterable[str]) -> None:
        asked = _list(keys)
        self._do(lambda to: to.execute(_DROP, (asked,)).fetchall())

    def trim(self) -> int:
        """Removes what was not used for the longest time, if there is too much; how many rows that were."""
        return self._do(self._trim)

    def _trim(self, to: sqlite3.Connection) -> int:
        pages, size, free = (
            int(to.execute(f"PRAGMA {what}").fetchone()[0])
            for what in ("page_count", "page_size", "freelist_count")
        )
        used = (pages - free) * size
        if used <= self._most_bytes:
            return 0
        rows: list[tuple[str, int]] = to.execute(
            "SELECT key, length(data) FROM outlines ORDER BY used, key"
        ).fetchall()
        left = int(sum(length for _, length in rows) * _LEFT * self._most_bytes / used)
        gone: list[str] = []
        for (key, _), above in zip(
            reversed(rows), accumulate(length for _, length in reversed(rows)), strict=True
        ):
            if above > left:
                gone.append(key)
        to.execute(_DROP, (_list(gone),))
        # A script, for it is run to its end: one page at a time is freed.
        to.executescript("PRAGMA incremental_vacuum")
        return len(gone)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Raises sqlite3.Error only if not even an empty table in memory can be used."""
        with self._lock:
            for _ in range(2):
                try:
                    return action(self._open())
                except sqlite3.DatabaseError as error:
                    self.close()
                    if self.in_memory:
                        raise
                    if error.sqlite_errorcode & 0xFF in _UNUSABLE or not self._renewed():
                        break
            self.in_memory = True
            return action(self._open())

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            if not self.in_memory:
                with suppress(OSError):
                    self._file.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                ":memory:" if self.in_memory else self._file,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                _prepare(connection)
            except sqlite3.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _renewed(self) -> bool:
        """Begins a new file; whether that could be done. Who has the old one open goes on with that."""
        try:
            with FileLock(f"{self._file}.lock", timeout=_LOCK_SECONDS):
                if not _is_sound(self._file):
                    for suffix in _OF_SQLITE:
                        Path(f"{self._file}{suffix}").unlink(missing_ok=True)
                    # Before the lock is free: who gets it next must find a whole one.
                    self._open()
        except (OSError, Timeout):
            return False
        return True


def _is_sound(file: Path) -> bool:
    """Whether another process has begun a new one meanwhile."""
    try:
        with closing(sqlite3.connect(file, timeout=_BUSY_SECONDS)) as connection:
            return _format(connection) == FORMAT and connection.execute(_CHECK).fetchone() == ("ok",)
    except sqlite3.DatabaseError as error:
        return error.sqlite_errorcode & 0xFF in _UNUSABLE


def _prepare(to: sqlite3.Connection) -> None:
    """Raises sqlite3.DatabaseError for a file that is none of ours."""
    if _format(to) != FORMAT:
        to.execute("PRAGMA auto_vacuum = INCREMENTAL")
        to.execute("PRAGMA journal_mode = WAL").fetchall()
        # Others may be at the same: from here on there is one.
        to.execute("BEGIN IMMEDIATE")
        try:
            _create(to)
        except sqlite3.Error:
            to.execute("ROLLBACK")
            raise
        to.execute("COMMIT")
    to.execute("PRAGMA synchronous = NORMAL")


def _create(to: sqlite3.Connection) -> None:
    version = _format(to)
    if version == FORMAT:
        return
    if version or to.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
        raise _ForeignError
    to.execute("CREATE TABLE outlines (key TEXT PRIMARY KEY, used INTEGER NOT NULL, data BLOB NOT NULL)")
    to.execute(f"PRAGMA user_version = {FORMAT}")


def _format(to: sqlite3.Connection) -> int:
    return int(to.execute("PRAGMA user_version").fetchone()[0])


class _ForeignError(sqlite3.DatabaseError):
    sqlite_errorcode = sqlite3.SQLITE_NOTADB


def _put(to: sqlite3.Connection, values: Sequence[tuple[str, int, bytes]]) -> None:
    to.execute("BEGIN IMMEDIATE")
    try:
        to.executemany("INSERT OR REPLACE INTO outlines VALUES (?, ?, ?)", values)
    except sqlite3.Error:
        to.execute("ROLLBACK")
        raise
    to.execute("COMMIT")


def _list(keys: Iterable[str]) -> str:
    return msgspec.json.encode(list(keys)).decode()
