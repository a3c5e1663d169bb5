"""What a session that was stopped has left, so that it can be resumed: where it began, how far it had come."""

from __future__ import annotations

from msgspec import Struct

from r1code.log import Tested
from r1code.session import TREE, Session
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree
from r1code.types import TestReport


class Stopped(Struct, frozen=True, kw_only=True):
    base: Snapshot
    """What it started from."""
    since: float
    before: TestReport | None
    """The baseline; None: it did not come to that."""
    tree: Snapshot
    """The copy that it worked in, as it was left."""

    @classmethod
    def of(cls, session: Session, store: Store) -> Stopped:
        """Raises StateError."""
        begun = session.begun
        base = Snapshot.unpack(store.get(session.task.base))
        later = session.entries[begun.id :]
        tests = [entry.item.report for entry in later if isinstance(entry.item, Tested)]
        kept = session.folder / TREE
        return cls(
            base=base,
            since=begun.time,
            before=tests[-1] if tests else None,
            tree=Snapshot.unpack(store.get(kept.read_text())) if kept.exists() else base,
        )


def keep(session: Session, store: Store, tree: WorkTree) -> None:
    """Keeps what a copy holds that is about to go."""
    (session.folder / TREE).write_text(store.put(tree.snapshot().pack()))
