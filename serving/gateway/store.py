"""The gateway's books, in one SQLite file: who has which key, and every request with what it used.

Limits and usage are read from the same rows, so proxies that share the file share the limits, too. The row of
a request is written before it is sent, with what it may use, and settled when it is over. No row holds a word
of anybody's.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import stat
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from r1code.errors import StateError, UsageError
from r1code.serving.gateway.keys import NAME, Key, mint
from r1code.serving.gateway.limits import OwnLimits

Outcome = Literal["done", "cut", "failed", "lost"]
"""Of a request: answered; ended by the client, a limit of time or a revocation; the model's server failed; the
proxy was killed while it ran."""
_VERSION = 1
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SCHEMA = """
CREATE TABLE secret (value BLOB NOT NULL);
CREATE TABLE holder (name TEXT PRIMARY KEY, team TEXT NOT NULL, limits TEXT NOT NULL) STRICT;
CREATE TABLE key (
  id TEXT PRIMARY KEY, holder TEXT NOT NULL REFERENCES holder (name), digest BLOB NOT NULL, created REAL NOT NULL,
  expires REAL, revoked REAL
) STRICT;
CREATE TABLE request (
  id INTEGER PRIMARY KEY, holder TEXT NOT NULL, key TEXT NOT NULL, slot INTEGER NOT NULL, started REAL NOT NULL,
  ended REAL, input INTEGER NOT NULL, output INTEGER NOT NULL, estimated INTEGER NOT NULL, outcome TEXT
) STRICT;
CREATE INDEX request_of ON request (holder, started);
CREATE INDEX request_open ON request (holder) WHERE ended IS NULL;
"""


class Holder(Struct, frozen=True, kw_only=True):
    """A person or bot. Who is in one team shares what the model's servers have cached."""

    name: str
    team: str
    limits: OwnLimits = OwnLimits()


class Used(Struct, frozen=True, kw_only=True):
    """In tokens. Estimated: the model's server did not say at the end."""

    input: int
    output: int
    estimated: bool


class Sum(Struct, frozen=True, kw_only=True):
    """What a holder used.

    `failed`: requests that the model's server, or a proxy that was killed, gave no whole answer to; `estimated`:
    whose tokens are not known for sure; `open`: that still run.
    """

    name: str
    requests: int
    input: int
    output: int
    failed: int
    estimated: int
    open: int


class Store:
    """Raises StateError where the file cannot be used. For one thread at a time."""

    def __init__(self, file: Path, *, durable: bool = True, place: str = "") -> None:
        """Durable: a commit has reached the disk. Without, a power failure may take the last ones back.

        `place`: the flags by which a command finds these books, for hints.
        """
        self._file, self._place = file, place
        with self._told():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Before SQLite makes it with the modes of everybody; its files beside it get the same mode.
            os.close(os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            if file.stat().st_mode & _OTHERS:
                raise StateError(
                    f"{file} is not used",
                    why="it holds who has keys, and others may read or write it",
                    hint=f"chmod 600 {file}",
                )
            self.rows = sqlite3.connect(file, timeout=5.0, isolation_level=None, check_same_thread=False)
            self.rows.execute("PRAGMA journal_mode = WAL")
            self.rows.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._prepare()

    def close(self) -> None:
        self.rows.close()

    def secret(self) -> bytes:
        """Of this gateway alone: salts and routes are made with it."""
        (value,) = self.rows.execute("SELECT value FROM secret").fetchone()
        return bytes(value)

    def add(self, holder: Holder, *, now: float | None = None) -> str:
        """The new holder's key, which is not kept. Raises UsageError where the name is taken or is none."""
        for name in (holder.name, holder.team):
            if NAME.fullmatch(name) is None:
                raise UsageError(
                    f"{name} is no name for a key",
                    why="a name has up to 64 small letters, digits, dots, dashes and underscores",
                    hint=f"r1code serve keys add ada{self._place}, for example",
                )
        with self.alone():
            if self.holder(holder.name) is not None:
                raise UsageError(
                    f"{holder.name} has a key already",
                    why="a name has one key, so that its limits and usage are one person's",
                    hint=f"r1code serve keys rotate {holder.name}{self._place} makes a new one",
                )
            limits = msgspec.json.encode(holder.limits).decode()
            self.rows.execute("INSERT INTO holder VALUES (?, ?, ?)", (holder.name, holder.team, limits))
            return self._minted(holder.name, time.time() if now is None else now)

    def rotate(self, name: str, overlap_seconds: float, *, now: float | None = None) -> str:
        """A new key; those before work on for `overlap_seconds`. Raises UsageError where nobody is called so."""
        now = time.time() if now is None else now
        with self.alone():
            self._known(name)
            self.rows.execute(
                "UPDATE key SET expires = min(coalesce(expires, ?1), ?1) WHERE holder = ?2 AND revoked IS NULL",
                (now + overlap_seconds, name),
            )
            return self._minted(name, now)

    def revoke(self, name: str, *, now: float | None = None) -> int:
        """How many keys no longer work; `name` is a holder's, or a key's id. Raises UsageError."""
        now = time.time() if now is None else now
        with self.alone():
            if self.rows.execute("SELECT 1 FROM key WHERE id = ?", (name,)).fetchone() is None:
                self._known(name)
            changed = self.rows.execute(
                "UPDATE key SET revoked = ?1 WHERE (holder = ?2 OR id = ?2) AND revoked IS NULL", (now, name)
            )
            return changed.rowcount

    def limit(self, name: str, limits: OwnLimits) -> None:
        """Raises UsageError where nobody is called so."""
        with self.alone():
            self._known(name)
            text = msgspec.json.encode(limits).decode()
            self.rows.execute("UPDATE holder SET limits = ? WHERE name = ?", (text, name))

    def holder(self, name: str) -> Holder | None:
        row = self.rows.execute("SELECT name, team, limits FROM holder WHERE name = ?", (name,)).fetchone()
        return None if row is None else _holder(row)

    def holders(self) -> list[Holder]:
        return [_holder(row) for row in self.rows.execute("SELECT name, team, limits FROM holder ORDER BY name")]

    def issued(self) -> list[Key]:
        rows = self.rows.execute("SELECT id, holder, digest, created, expires, revoked FROM key ORDER BY created")
        return [
            Key(id=row[0], holder=row[1], digest=row[2], created=row[3], expires=row[4], revoked=row[5])
            for row in rows
        ]

    def version(self) -> int:
        """Another number after another connection has changed anything."""
        return int(self.rows.execute("PRAGMA data_version").fetchone()[0])

    def usage(self, since: float, name: str | None = None) -> Sequence[Sum]:
        rows = self.rows.execute(
            "SELECT holder, count(*), sum(input), sum(output), sum(ifnull(outcome IN ('failed', 'lost'), 0)),"
            " sum(estimated AND ended IS NOT NULL), sum(ended IS NULL)"
            " FROM request WHERE started >= ?1 AND (?2 IS NULL OR holder = ?2) GROUP BY holder ORDER BY holder",
            (since, name),
        )
        return [
            Sum(
                name=row[0],
                requests=row[1],
                input=row[2],
                output=row[3],
                failed=row[4],
                estimated=row[5],
                open=row[6],
            )
            for row in rows
        ]

    @contextmanager
    def alone(self) -> Generator[None, None, None]:
        """All of the block, or nothing of it; nobody else writes meanwhile."""
        with self._told():
            self.rows.execute("BEGIN IMMEDIATE")
            end = "ROLLBACK"
            try:
                yield
                end = "COMMIT"
            finally:
                try:
                    self.rows.execute(end)
                finally:
                    # Where it could not be committed, for the disk is full.
                    self.rows.rollback()

    @contextmanager
    def reading(self) -> Generator[None, None, None]:
        """What the block reads is of one moment."""
        with self._told():
            self.rows.execute("BEGIN")
            try:
                yield
            finally:
                self.rows.execute("COMMIT")

    def _known(self, name: str) -> None:
        if self.holder(name) is None:
            raise UsageError(
                f"nobody is called {name}",
                why=f"the books have no such key: {self._file}",
                hint=f"r1code serve keys list{self._place} shows all; other books have their --config or --state",
            )

    def _minted(self, holder: str, now: float) -> str:
        name, text, digest = mint()
        self.rows.execute(
            "INSERT INTO key (id, holder, digest, created) VALUES (?, ?, ?, ?)", (name, holder, digest, now)
        )
        return text

    def _prepare(self) -> None:
        with self.alone():
            (version,) = self.rows.execute("PRAGMA user_version").fetchone()
            if version == _VERSION:
                return
            if version:
                raise StateError(
                    f"{self._file} is of another version of r1code",
                    why=f"its books have version {version}, and this one reads {_VERSION}",
                    hint="use the version of r1code that wrote it",
                )
            for statement in _SCHEMA.split(";"):
                self.rows.execute(statement)
            self.rows.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(32),))
            self.rows.execute(f"PRAGMA user_version = {_VERSION}")

    @contextmanager
    def _told(self) -> Generator[None, None, None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise StateError(
                "the gateway's books cannot be used",
                why=f"{self._file}: {error}",
                hint="free some space, or fix its permissions",
            ) from error


def _holder(row: tuple[str, str, str]) -> Holder:
    return Holder(name=row[0], team=row[1], limits=msgspec.json.decode(row[2], type=OwnLimits))
