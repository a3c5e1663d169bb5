"""What a session that was stopped has left, so that it can be resumed: where it began, how far it had come."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from r1code.log import Adopted, Entry, Judged, Resumed, Said, Switched, Tested
from r1code.repair.replay import whole
from r1code.repair.track import record_of
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
    """The copy that it worked in, as it was left; what a pipeline did to it is done again from the base."""
    in_pipeline: bool
    candidate: int
    """Which one was stopped."""

    @classmethod
    def of(cls, session: Session, store: Store) -> Stopped:
        """Raises StateError."""
        begun = session.begun
        base = Snapshot.unpack(store.get(session.task.base))
        later = session.entries[begun.id :]
        tests = [entry.item.report for entry in later if isinstance(entry.item, Tested)]
        kept = session.folder / TREE
        in_pipeline = record_of(session.entries) is not None
        left = base if in_pipeline or not kept.exists() else Snapshot.unpack(store.get(kept.read_text()))
        return cls(
            base=base,
            since=begun.time,
            before=tests[-1] if tests else None,
            tree=left,
            in_pipeline=in_pipeline,
            candidate=1 + _proven(session.entries),
        )


def switch(session: Session, profile: str) -> None:
    """Logs that the model of `profile` goes on, where another one answered before."""
    if session.profile != profile:
        session.append(Switched(profile=profile))


def leave_pipeline(session: Session) -> None:
    """Logs that the loop begins where a pipeline brought nothing, or was stopped and is not to go on."""
    if not any(isinstance(entry.item, Adopted) for entry in session.entries):
        return
    if record_of(session.entries) is not None:
        session.append(Resumed())
    session.append(Adopted(strategy="loop"), parent=session.begun.id)


def _proven(entries: Sequence[Entry]) -> int:
    """Candidates that got a verdict, and another one began after them."""
    judged = begun = 0
    for item in (entry.item for entry in whole(entries)):
        if isinstance(item, Judged):
            judged += 1
        elif isinstance(item, Adopted | Said):
            begun = judged
    return begun


def keep(session: Session, store: Store, tree: WorkTree) -> None:
    """Keeps what a copy holds that is about to go."""
    (session.folder / TREE).write_text(store.put(tree.snapshot().pack()))
