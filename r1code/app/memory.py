"""What keeps a session's history short: where long observations go, and how its compaction is wired."""

from __future__ import annotations

from msgspec import Struct

from r1code.compaction import Compaction
from r1code.config import Config
from r1code.context import Model
from r1code.profiles import Profile
from r1code.profiles.room import Room, room_of
from r1code.profiles.tokenizers import tokenizer_of
from r1code.repo.compare import compare, review
from r1code.secrets.values import Hide
from r1code.session import Session
from r1code.tools.outputs import Outputs
from r1code.tree.snapshot import Snapshot
from r1code.tree.stat import stat
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree

OUTPUTS = "outputs"
"""In the folder of a session: long observations, whole."""


class Memory(Struct, frozen=True, kw_only=True):
    """Of one session."""

    session: Session
    room: Room
    outputs: Outputs
    store: Store

    @classmethod
    def of(cls, session: Session, profile: Profile, config: Config, *, store: Store, hide: Hide) -> Memory:
        room = room_of(profile, config.working_context, map_tokens=config.map_tokens)
        outputs = Outputs(
            session.folder / OUTPUTS,
            most=room.observation,
            measure=tokenizer_of(profile).count,
            hide=hide,
            logged=session.observation,
        )
        return cls(session=session, room=room, outputs=outputs, store=store)

    def compaction(self, model: Model, tree: WorkTree) -> Compaction:
        """`tree`: where the session's model works."""
        return Compaction(self.session, model, self.room, self.outputs, changes=lambda: self._changes(tree))

    def _changes(self, tree: WorkTree) -> list[str]:
        """What is different from when the session began, a line for each file."""
        base = Snapshot.unpack(self.store.get(self.session.opened.base))
        patch = base.diff(tree.snapshot()).without_new_folders()
        files = stat(review(patch, self.store), self.store, compare).files
        return [
            f"{file.path} ({file.did}, " + ("binary)" if file.is_binary else f"+{file.added} -{file.removed})")
            for file in files
        ]
