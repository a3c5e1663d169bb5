"""What a session that was stopped has left, so that it can be resumed: where it began, how far it had come."""

from __future__ import annotations

from msgspec import Struct

from r1code.log import RESUMABLE, Adopted, Ended, Resumed, Said, Switched, Tested
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
    has_begun: bool = True
    """Whether a model was given the task."""
    is_over: bool = False
    """The work came to its end; there is no verdict yet."""

    @classmethod
    def of(cls, session: Session, store: Store) -> Stopped:
        """Raises StateError."""
        begun = session.begun
        base = Snapshot.unpack(store.get(session.task.base))
        later = session.entries[begun.id :]
        tests = [entry.item.report for entry in later if isinstance(entry.item, Tested)]
        turns = [entry.item for entry in later if isinstance(entry.item, Said | Adopted | Resumed | Ended)]
        last = turns[-1] if turns else None
        in_pipeline = record_of(session.entries) is not None
        is_over = (
            isinstance(last, Ended)
            and last.reason not in RESUMABLE
            # The loop comes after it.
            and not (in_pipeline and last.reason == "gave_up")
        )
        kept = session.folder / TREE
        done_again = in_pipeline and not is_over
        left = base if done_again or not kept.exists() else Snapshot.unpack(store.get(kept.read_text()))
        return cls(
            base=base,
            since=begun.time,
            before=tests[-1] if tests else None,
            tree=left,
            in_pipeline=in_pipeline,
            has_begun=last is not None,
            is_over=is_over,
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


def keep(session: Session, store: Store, tree: WorkTree) -> None:
    """Keeps what a copy holds that is about to go."""
    (session.folder / TREE).write_text(store.put(tree.snapshot().pack()))
