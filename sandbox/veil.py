"""A sandbox without the secrets of the work tree: placeholders go in, and secrets stand in what comes back."""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from r1code.control import Control
from r1code.errors import SandboxError, StateError
from r1code.naming import first_of
from r1code.sandbox.base import Connected, Only, Sandbox, Say, Spawned, anything
from r1code.secrets.values import Lines
from r1code.secrets.vault import Vault
from r1code.tree.entry import Entry
from r1code.tree.patch import FileChange, Patch
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.types import ExecResult


class Veil:
    """What the files of a session are in its sandboxes; nothing is looked at twice."""

    def __init__(self, vault: Vault, store: Store, say: Say) -> None:
        self.vault = vault
        self.store = store
        self._say = say
        self._known: dict[str, tuple[int, str]] = {}
        """By digest: how many secrets were known then, and the digest of the content with placeholders."""
        self._told: set[str] = set()

    def over(self, snapshot: Snapshot, control: Control) -> Snapshot:
        """`snapshot` with placeholders in place of secrets. Raises StateError."""
        entries: dict[str, Entry] = {}
        veiled: list[str] = []
        for path, entry in snapshot.entries.items():
            digest = self._digest(entry.digest, control) if entry.kind == "file" else entry.digest
            entries[path] = entry if digest == entry.digest else msgspec.structs.replace(entry, digest=digest)
            if digest != entry.digest:
                veiled.append(path)
        self._tell([path for path in veiled if path not in self._told])
        return Snapshot(entries) if veiled else snapshot

    def restored(self, entry: Entry) -> Entry:
        """What came back, with its secrets."""
        if entry.kind != "file":
            return entry
        data = self.store.get(entry.digest)
        restored = self.vault.restore_data(data)
        return entry if restored == data else msgspec.structs.replace(entry, digest=self.store.put(restored))

    def _digest(self, digest: str, control: Control) -> str:
        known = self._known.get(digest)
        if known is None or known[0] != self.vault.count:
            control.check()
            data = self.store.get(digest)
            hidden = self.vault.hide_data(data)
            known = (self.vault.count, digest if hidden == data else self.store.put(hidden))
            self._known[digest] = known
        return known[1]

    def _tell(self, paths: list[str]) -> None:
        if paths:
            self._told.update(paths)
            self._say(
                f"secrets in {first_of(paths)}: commands in the sandbox see placeholders "
                "(--not-secret names files that hold none)"
            )


class VeiledSandbox:
    """`inner`, with a veil over the files that go in, and over the output that comes out."""

    def __init__(self, inner: Sandbox, veil: Veil) -> None:
        self._inner = inner
        self._veil = veil
        self.in_place = inner.in_place
        self._behind: dict[str, tuple[Entry, Entry]] = {}
        """By path: what is inside, and what it stands for."""

    @property
    def kind(self) -> str:
        return self._inner.kind

    @property
    def folder(self) -> str:
        return self._inner.folder

    def start(self, control: Control) -> None:
        self._inner.start(control)

    def sync(self, snapshot: Snapshot, control: Control) -> None:
        if self.in_place:
            self._inner.sync(snapshot, control)
            return
        try:
            veiled = self._veil.over(snapshot, control)
        except StateError as error:
            raise SandboxError(error.what, why=error.why, hint=error.hint) from error
        self._behind = {
            path: (entry, snapshot.entries[path])
            for path, entry in veiled.entries.items()
            if entry is not snapshot.entries[path]
        }
        self._inner.sync(veiled, control)

    def run(
        self,
        command: str,
        control: Control,
        *,
        env: dict[str, str] | None = None,
        seconds: float | None = None,
        quiet: bool = False,
    ) -> Generator[str, None, ExecResult]:
        lines = Lines(self._veil.vault.hide)
        running = self._inner.run(command, control, env=env, seconds=seconds, quiet=quiet)
        try:
            while True:
                shown = lines.feed(next(running))
                if shown:
                    yield shown
        except StopIteration as stop:
            result: ExecResult = stop.value
        finally:
            running.close()
        rest = lines.end()
        if rest:
            yield rest
        return msgspec.structs.replace(result, output=self._veil.vault.hide(result.output))

    def refused(self, control: Control) -> str:
        return self._veil.vault.hide(self._inner.refused(control))

    def spawn(self, command: str, control: Control, *, env: dict[str, str] | None = None) -> Spawned:
        return _VeiledSpawned(self._inner.spawn(command, control, env=env), Lines(self._veil.vault.hide))

    def connect(self, command: str, control: Control, *, env: dict[str, str] | None = None) -> Connected:
        return self._inner.connect(command, control, env=env)

    def changes(self, control: Control, only: Only = anything) -> Patch:
        patch = self._inner.changes(control, only)
        if self.in_place:
            return patch
        try:
            changes = [self._restored(change) for change in patch.changes]
        except StateError as error:
            raise SandboxError(error.what, why=error.why, hint=error.hint) from error
        return Patch.of(change for change in changes if change.before != change.after)

    def _restored(self, change: FileChange) -> FileChange:
        inside, behind = self._behind.get(change.path, (None, None))
        before = behind if change.before == inside and inside is not None else change.before
        after = None if change.after is None else self._veil.restored(change.after)
        self._behind.pop(change.path, None)
        if change.after is not None and after is not None and after != change.after:
            self._behind[change.path] = (change.after, after)
        return FileChange(path=change.path, before=before, after=after)

    def read(self, path: str, control: Control) -> bytes | None:
        return self._inner.read(path, control)

    def close(self) -> None:
        self._inner.close()


class _VeiledSpawned:
    """A line is shown when it is whole: a part of it may be a part of a secret."""

    def __init__(self, inner: Spawned, lines: Lines) -> None:
        self._inner = inner
        self._lines = lines

    @property
    def ended(self) -> str | None:
        return self._inner.ended

    def output(self) -> str:
        # Asked first: what it printed until then is all there is.
        ended = self._inner.ended
        shown = self._lines.feed(self._inner.output())
        return shown if ended is None else shown + self._lines.end()

    def stop(self) -> None:
        self._inner.stop()
