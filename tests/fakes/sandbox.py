"""A sandbox in memory, for tests of what uses one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from r1code.control import Control
from r1code.sandbox.base import Connected, Only, Spawned, anything
from r1code.tree.patch import FileChange, Patch
from r1code.tree.snapshot import Entry, Snapshot
from r1code.tree.store import Store, digest_of
from r1code.types import ExecResult

Files = dict[str, bytes]
Answer = tuple[int, str] | ExecResult | Callable[[Files], tuple[int, str] | ExecResult]
"""(exit code, output), a whole result, or a function that may change the files first."""


class FakeSpawned:
    """A command that goes on: prints the next of `prints` when asked, and ends after that as `ends` says."""

    def __init__(self, prints: Sequence[str] = (), ends: str | None = None) -> None:
        self.prints = list(prints)
        self.ends = ends
        self.stopped = False

    @property
    def ended(self) -> str | None:
        if self.stopped:
            return self.ends or "stopped"
        return None if self.prints else self.ends

    def output(self) -> str:
        return self.prints.pop(0) if self.prints else ""

    def stop(self) -> None:
        self.stopped = True


class FakeConnected:
    """A command that is spoken with: gives the next of `prints` when read; `told` is what it got."""

    def __init__(self, prints: Sequence[bytes] = ()) -> None:
        self.prints = list(prints)
        self.told = b""
        self.stopped = False

    def read(self, control: Control, seconds: float) -> bytes:
        control.check()
        return self.prints.pop(0) if self.prints and not self.stopped else b""

    def write(self, data: bytes) -> None:
        self.told += data

    def stop(self) -> None:
        self.stopped = True


class FakeSandbox:
    """Answers commands from a table; a command that is not in it ends with 127.

    `files` are those of the tree inside: `sync` fills them if a store is given, `changes` reports what
    differs from the last sync and the last report. `outside` answers `read`. `spawned` are the
    commands that go on, `connected` those that are spoken with. `calls` records what was asked, in order.
    """

    kind = "fake"
    folder = "/workspace"
    in_place = False

    def __init__(
        self,
        answers: Mapping[str, Answer] | None = None,
        *,
        store: Store | None = None,
        outside: Files | None = None,
        spawned: Mapping[str, FakeSpawned] | None = None,
        connected: Mapping[str, FakeConnected] | None = None,
    ) -> None:
        self.answers = dict(answers or {})
        self.files: Files = {}
        self.outside: Files = outside or {}
        self.spawned = dict(spawned or {})
        self.connected = dict(connected or {})
        self.calls: list[tuple[Any, ...]] = []
        self.refusals: list[str] = []
        """What the network refused and nobody was told."""
        self.started = False
        self.closed = False
        self._store = store
        self._snapshot = Snapshot({})
        self._synced: Files = {}

    def start(self, control: Control) -> None:
        control.check()
        self.calls.append(("start",))
        self.started = True

    def sync(self, snapshot: Snapshot, control: Control) -> None:
        control.check()
        self.calls.append(("sync", snapshot))
        for path in self._snapshot.entries.keys() - snapshot.entries.keys():
            self.files.pop(path, None)
        if self._store is not None:
            self.files |= {path: self._store.get(entry.digest) for path, entry in snapshot.entries.items()}
        self._snapshot = snapshot
        self._synced = dict(self.files)

    def run(
        self,
        command: str,
        control: Control,
        *,
        env: dict[str, str] | None = None,
        seconds: float | None = None,
        quiet: bool = False,
    ) -> Generator[str, None, ExecResult]:
        control.check()
        self.calls.append(("run", command, env, seconds))
        answer = self.answers.get(command, (127, f"sh: {command}: not found\n"))
        outcome = answer(self.files) if callable(answer) else answer
        if not isinstance(outcome, ExecResult):
            code, output = outcome
            outcome = ExecResult(
                exit_code=code, signal=None, timed_out=False, truncated=False, output=output, seconds=0.0
            )
        note = "" if quiet else self.refused(control)
        outcome = replace(outcome, output=f"{outcome.output}\n{note}\n" if note else outcome.output)
        for line in outcome.output.splitlines(keepends=True):
            control.check()
            yield line
        return outcome

    def refused(self, control: Control) -> str:
        control.check()
        told, self.refusals = ", ".join(self.refusals), []
        return told

    def spawn(self, command: str, control: Control, *, env: dict[str, str] | None = None) -> Spawned:
        control.check()
        self.calls.append(("spawn", command))
        return self.spawned[command]

    def connect(self, command: str, control: Control, *, env: dict[str, str] | None = None) -> Connected:
        control.check()
        self.calls.append(("connect", command))
        return self.connected[command]

    def changes(self, control: Control, only: Only = anything) -> Patch:
        control.check()
        self.calls.append(("changes",))
        paths = self.files.keys() | self._synced.keys()
        patch = Patch.of(
            FileChange(path=path, before=self._snapshot.entries.get(path), after=self._entry(path))
            for path in filter(only, paths)
            if self.files.get(path) != self._synced.get(path)
        )
        self._snapshot = self._snapshot.with_patch(patch)
        told = set(patch.paths)
        self._synced = {path: data for path, data in self._synced.items() if path not in told}
        self._synced |= {path: data for path, data in self.files.items() if path in told}
        return patch

    def read(self, path: str, control: Control) -> bytes | None:
        control.check()
        self.calls.append(("read", path))
        return self.outside.get(path)

    def close(self) -> None:
        self.calls.append(("close",))
        for each in (*self.spawned.values(), *self.connected.values()):
            each.stop()
        self.closed = True

    @property
    def commands(self) -> list[str]:
        return [call[1] for call in self.calls if call[0] == "run"]

    def _entry(self, path: str) -> Entry | None:
        data = self.files.get(path)
        if data is None:
            return None
        before = self._snapshot.entries.get(path)
        digest = digest_of(data) if self._store is None else self._store.put(data)
        return Entry(kind="file", mode=0o644 if before is None else before.mode, digest=digest)
