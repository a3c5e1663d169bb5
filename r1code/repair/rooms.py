"""Fresh sandboxes with a tree in each, and tests that run there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

from msgspec import Struct

from r1code.control import Control
from r1code.events import Event
from r1code.repair.parts import Parts
from r1code.repair.relay import quiet, shown
from r1code.sandbox.base import Sandbox
from r1code.sandbox.runners import run_again, run_tests
from r1code.tree.snapshot import Entry, Snapshot, materialise
from r1code.types import TestReport

_QUICK = 3.0
"""Seconds."""


class Ran(Struct, frozen=True, kw_only=True):
    report: TestReport
    kind: str
    """Of the sandbox."""
    rewritten: tuple[str, ...] = ()
    """Programs that judge, and that the run itself changed."""


class Rooms:
    """Methods raise SandboxError, StateError and Cancelled."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def holding(self, snapshot: Snapshot, path: str, text: str) -> Snapshot:
        """The tree with one more file, which only sandboxes see."""
        entry = Entry(kind="file", mode=0o644, digest=self._parts.store.put(text.encode(), durable=False))
        return Snapshot(dict(sorted({**snapshot.entries, path: entry}.items())))

    @contextmanager
    def fresh(self, snapshot: Snapshot, name: str, control: Control) -> Generator[Sandbox, None, None]:
        """A sandbox that nothing ran in, with `snapshot` as its work tree. `name`: one that is in use once."""
        root = self._parts.scratch / name
        # What a killed process left.
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        sandbox = self._parts.sandbox(root)
        try:
            if sandbox.in_place:
                materialise(snapshot, self._parts.store, root)
            sandbox.start(control)
            sandbox.sync(snapshot, control)
            yield sandbox
        finally:
            sandbox.close()
            shutil.rmtree(root)

    def tests(
        self,
        snapshot: Snapshot,
        command: str,
        name: str,
        control: Control,
        *,
        known: Sequence[str] | None = None,
    ) -> Generator[Event, None, Ran]:
        """All tests of `command`; what failed runs again alone, to name what is flaky."""
        with self.fresh(snapshot, name, control) as sandbox:
            report = yield from shown(name, run_tests(sandbox, command, control, known=known))
            report = yield from shown(name, run_again(sandbox, command, report, control))
            return Ran(report=report, kind=sandbox.kind)

    def watched(
        self,
        snapshot: Snapshot,
        command: str,
        control: Control,
        *,
        known: Sequence[str],
        judges: Callable[[str], bool],
    ) -> Generator[Event, None, Ran]:
        """The same for a verdict; what of the tree `judges` holds for, the run has no reason to change."""
        there = frozenset(filter(judges, snapshot.entries))
        with self.fresh(snapshot, "verdict", control) as sandbox:
            report = yield from shown("verdict", run_tests(sandbox, command, control, known=known))
            rewritten = sandbox.changes(control, there.__contains__).paths if there else ()
            report = yield from shown("verdict", run_again(sandbox, command, report, control))
            return Ran(report=report, kind=sandbox.kind, rewritten=rewritten)

    def once(
        self,
        snapshot: Snapshot,
        command: str,
        name: str,
        control: Control,
        *,
        env: Mapping[str, str] | None = None,
    ) -> Generator[Event, None, TestReport]:
        """The tests of `command`, once, with `env`; what they print is not shown."""
        return (yield from self.often(snapshot, command, name, control, env=env, most=1))[0]

    def often(
        self,
        snapshot: Snapshot,
        command: str,
        name: str,
        control: Control,
        *,
        env: Mapping[str, str] | None = None,
        most: int,
    ) -> Generator[Event, None, tuple[TestReport, ...]]:
        """As `once`, and again in the same sandbox, up to `most` times, as long as that takes no time."""
        reports: list[TestReport] = []
        with self.fresh(snapshot, name, control) as sandbox:
            while len(reports) < most and sum(one.seconds for one in reports) < _QUICK:
                reports.append((yield from quiet(run_tests(sandbox, command, control, env=env))))
        return tuple(reports)
