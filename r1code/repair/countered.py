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
from r1code.tools.truncation import clean
from r1code.tree.entry import Entry
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.types import Check, TestReport, Verdict

_MOST_BYTES = 2_000_000


class Doubt(Struct, frozen=True, kw_only=True):
    """What may be a lie."""

    tree: Snapshot
    """With the patch."""
    before: TestReport
    command: str
    own: Collection[str] = ()
    """Programs that the command runs."""


class Counter:
    """Of one session. Methods raise SandboxError, StateError and Cancelled."""

    def __init__(self, rooms: Rooms, store: Store) -> None:
        self._rooms = rooms
        self._store = store

    def countered(
        self, verdict: Verdict, names: Sequence[str], doubt: Doubt, control: Control
    ) -> Generator[Event, None, Verdict]:
        """The verdict with one more check: tests of these names fail where they cannot pass."""
        ids, tree = self._spoiled(names, doubt)
        if not ids:
            text = said("tests of this kind cannot be made to fail")
            return with_checks(verdict, Check(name="counter_test", state="not_run", text=text))
        yield Notice(text="what is fixed is run again with tests that cannot pass")
        # The same command: code that saw another one could tell this run from the one that is doubted.
        report = yield from self._rooms.once(tree, doubt.command, "counter", control)
        lies = deceived(report, ids)
        if lies:
            text = said(f"{len(lies)} pass where they cannot: {clean(lies[0])}")
            why = said(f"the code decides what its tests report: {clean(lies[0])} passes where it cannot")
            check = Check(name="counter_test", state="failed", text=text)
            return with_checks(verdict, check, worse=("tampered", why))
        if report.timed_out:
            text = said("the run with tests that cannot pass did not end")
            return with_checks(verdict, Check(name="counter_test", state="flagged", text=text))
        text = said(f"{len(ids)} fail where they cannot pass")
        return with_checks(verdict, Check(name="counter_test", state="ok", text=text))

    def _spoiled(self, names: Sequence[str], doubt: Doubt) -> tuple[tuple[str, ...], Snapshot]:
        """Which of the tests can be made to fail, and the tree where they are."""
        entries = dict(doubt.tree.entries)
        files = {one.id: one.file for one in doubt.before.failures}
        is_told = doubt.before.structured
        wanted = places(names, files, entries) if is_told else {path: frozenset[str]() for path in doubt.own}
        word = secrets.token_hex(8)
        changed: set[str] = set()
        for path, functions in wanted.items():
            text = self._text(entries[path])
            found = spoiled(path, text, functions, word) if text is not None else None
            if found is not None:
                entries[path] = replace(entries[path], digest=self._store.put(found.encode(), durable=False))
                changed.add(path)
        tree = Snapshot(entries)
        if not is_told:
            return (tuple(names) if changed else ()), tree
        return tuple(one for one in names if places([one], files, entries).keys() & changed), tree

    def _text(self, entry: Entry) -> str | None:
        data = self._store.get(entry.digest) if entry.kind == "file" else b""
        try:
            return data.decode() if len(data) <= _MOST_BYTES else None
        except UnicodeDecodeError:
            return None
