"""Runs the counter-tests of a repair: whoever says that they pass says so of any test."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Generator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from r1code.control import Control
from r1code.events import Event, Notice
from r1code.repair.card import said, with_checks
from r1code.repair.counter import deceived, places, spoiled
from r1code.repair.rooms import Rooms
from r1code.repair.spoiled import COMPILED, Spoiled, defines, function_of
from r1code.tools.truncation import clean
from r1code.tree.entry import Entry
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.types import Check, TestReport, Verdict

_MOST_BYTES = 2_000_000
_COMPILED = frozenset({"go", "cargo", "nextest"})
"""Runners whose ids name functions of compiled sources."""


class Doubt(Struct, frozen=True, kw_only=True):
    """What may be a lie."""

    tree: Snapshot
    """With the patch."""
    before: TestReport
    command: str
    own: Collection[str] = ()
    """Programs that the command runs."""


class _Made(Struct, frozen=True, kw_only=True):
    """Tests that cannot pass."""

    tree: Snapshot
    certain: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    """Of each, one fails at least."""

    @property
    def ids(self) -> tuple[str, ...]:
        return (*self.certain, *(one for group in self.groups for one in group))

    def lies(self, report: TestReport) -> tuple[str, ...]:
        """Which of them pass all the same."""
        some = deceived(report, self.certain) if self.certain else ()
        return some or next((lies for one in self.groups if len(lies := deceived(report, one)) == len(one)), ())


class Counter:
    """Of one session. Methods raise SandboxError, StateError and Cancelled."""

    def __init__(self, rooms: Rooms, store: Store) -> None:
        self._rooms = rooms
        self._store = store

    def countered(
        self, verdict: Verdict, names: Sequence[str], doubt: Doubt, control: Control
    ) -> Generator[Event, None, Verdict]:
        """The verdict with one more check: tests of these names fail where they cannot pass."""
        made = self._spoiled(names, doubt)
        if not made.ids:
            text = said("tests of this kind cannot be made to fail")
            return with_checks(verdict, Check(name="counter_test", state="not_run", text=text))
        yield Notice(text="what is fixed is run again with tests that cannot pass")
        # The same command: code that saw another one could tell this run from the one that is doubted.
        report = yield from self._rooms.once(made.tree, doubt.command, "counter", control)
        lies = made.lies(report)
        if lies:
            text = said(f"{len(lies)} pass where they cannot: {clean(lies[0])}")
            why = said(f"the code decides what its tests report: {clean(lies[0])} passes where it cannot")
            check = Check(name="counter_test", state="failed", text=text)
            return with_checks(verdict, check, worse=("tampered", why))
        if report.timed_out:
            text = said("the run with tests that cannot pass did not end")
            return with_checks(verdict, Check(name="counter_test", state="flagged", text=text))
        tests = [one for one in made.ids if one not in doubt.before.uncollected]
        if report.structured and tests and not any(one in report.failed for one in tests):
            text = said("the tests that cannot pass did not run")
            return with_checks(verdict, Check(name="counter_test", state="flagged", text=text))
        text = said(f"{len(made.ids)} fail where they cannot pass")
        return with_checks(verdict, Check(name="counter_test", state="ok", text=text))

    def _spoiled(self, names: Sequence[str], doubt: Doubt) -> _Made:
        """The tree in which tests of these names cannot pass, as far as that can be done."""
        entries = dict(doubt.tree.entries)
        where = self._where(names, doubt)
        if not doubt.before.structured:
            where = {f"{name} {path}": (path, "") for name in names for path in doubt.own if path in entries}
        wanted: dict[str, set[str]] = {}
        for path, function in where.values():
            wanted.setdefault(path, set()).add(function)
        word = secrets.token_hex(8)
        done: dict[str, Spoiled] = {}
        for path, functions in wanted.items():
            text = self._text(entries[path])
            chosen = frozenset[str]() if "" in functions else functions
            found = spoiled(path, text, chosen, word) if text is not None else None
            if found is not None:
                digest = self._store.put(found.text.encode(), durable=False)
                entries[path] = replace(entries[path], digest=digest)
                done[path] = found
        tree = Snapshot(entries)
        if not doubt.before.structured:
            return _Made(tree=tree, certain=tuple(names) if done else ())
        certain: list[str] = []
        groups: dict[str, list[str]] = {}
        for one, (path, function) in where.items():
            found = done.get(path)
            if found is not None and (not function or found.names is None or function in found.names):
                (certain if found.is_sure else groups.setdefault(path, [])).append(one)
        return _Made(tree=tree, certain=tuple(certain), groups=tuple(map(tuple, groups.values())))

    def _where(self, names: Sequence[str], doubt: Doubt) -> dict[str, tuple[str, str]]:
        """The file of each test, as far as it is known, and its function there; empty: the whole file."""
        files = {one.id: one.file for one in doubt.before.failures}
        entries = doubt.tree.entries
        is_compiled = not _COMPILED.isdisjoint(doubt.before.runner.split(", "))
        found: dict[str, tuple[str, str]] = {}
        for name in names:
            if is_compiled:
                path = self._defining(function_of(name), doubt.tree)
                found |= {} if path is None else {name: (path, function_of(name))}
            else:
                for path, functions in places([name], files, entries).items():
                    found[name] = path, next(iter(functions), "")
        return found

    def _defining(self, function: str, tree: Snapshot) -> str | None:
        """The only file that has a test of that name: ids of compiled tests name none."""
        sources = (path for path in tree.entries if path.endswith(COMPILED)) if function else ()
        having = [
            path
            for path in sources
            if (text := self._text(tree.entries[path])) is not None and defines(text, function)
        ]
        return having[0] if len(having) == 1 else None

    def _text(self, entry: Entry) -> str | None:
        data = self._store.get(entry.digest) if entry.kind == "file" else b""
        try:
            return data.decode() if len(data) <= _MOST_BYTES else None
        except UnicodeDecodeError:
            return None
