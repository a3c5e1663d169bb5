"""Short words for what tests do with a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from r1code.control import Control
from r1code.sandbox.base import Sandbox
from r1code.tree.entry import Entry
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.types import ExecResult

Contents = Mapping[str, str | bytes | Entry]
Make = Callable[..., "Bench"]
Ours = Callable[[], list[str]]
"""The ids of the containers of this test."""
Cancelling = Callable[[Control, Callable[[], object], float], float]
"""Cancels what it calls after so many seconds; returns how long that then took to give up."""


class Bench:
    """A sandbox under test, and short words for what the tests do with it."""

    def __init__(self, sandbox: Sandbox, store: Store, said: list[str]) -> None:
        self.sandbox = sandbox
        self.store = store
        self.said = said
        self.control = Control()
        self.live = ""

    def tree(self, contents: Contents) -> Snapshot:
        return Snapshot(
            {
                path: content if isinstance(content, Entry) else self.file(content)
                for path, content in sorted(contents.items())
            }
        )

    def file(self, content: str | bytes, mode: int = 0o644) -> Entry:
        data = content.encode() if isinstance(content, str) else content
        return Entry(kind="file", mode=mode, digest=self.store.put(data))

    def link(self, target: str) -> Entry:
        return Entry(kind="link", mode=0o777, digest=self.store.put(target.encode()))

    def sync(self, contents: Contents) -> Snapshot:
        snapshot = self.tree(contents)
        self.sandbox.sync(snapshot, self.control)
        return snapshot

    def run(self, command: str, **options: Any) -> ExecResult:
        self.live = ""
        running = self.sandbox.run(command, self.control, **options)
        while True:
            try:
                self.live += next(running)
            except StopIteration as stopped:
                result: ExecResult = stopped.value
                return result

    def out(self, command: str) -> str:
        result = self.run(command)
        assert result.succeeded, result
        return result.output

    def changes(self) -> dict[str, tuple[int, bytes] | None]:
        """Path -> (mode, content), or None for what was deleted."""
        return {
            change.path: None
            if change.after is None
            else (change.after.mode, self.store.get(change.after.digest))
            for change in self.sandbox.changes(self.control).changes
        }
