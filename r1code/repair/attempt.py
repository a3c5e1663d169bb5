"""One attempt at a repair: in a tree and a sandbox of its own, from the task to the verdict."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from contextlib import closing

from msgspec import Struct

from r1code.budget import Meter
from r1code.control import Control
from r1code.errors import Cancelled
from r1code.events import Event, PatchReady
from r1code.repair.heard import Heard
from r1code.repair.parts import Parts
from r1code.repair.proof import Claim, Proof
from r1code.repair.roles import Roles, Work
from r1code.repair.stopped import Stopped, keep, leave_pipeline, switch
from r1code.sandbox.base import Sandbox
from r1code.session import PATCH, Session
from r1code.tree.patch import Patch
from r1code.tree.snapshot import Snapshot, materialise
from r1code.tree.swap import discarded, restored, swapped
from r1code.tree.worktree import WorkTree
from r1code.types import EndReason, Limit, TestReport, Verdict

_COPY = "candidate"


class Given(Struct, frozen=True, kw_only=True):
    """What all attempts at a repair begin with."""

    base: Snapshot
    before: TestReport
    command: str
    claim: Callable[[Patch], Claim]
    """What is to be proven of a patch."""
    task: Callable[[Control], str]
    """The first message for a model that works in the loop. Raises Cancelled."""


class Tried(Struct, frozen=True, kw_only=True):
    """What came of an attempt."""

    patch: Patch
    verdict: Verdict
    reason: EndReason | None = None
    """How its last turn ended. None: it had none."""
    limit: Limit | None = None
    answer: str = ""
    """What it ended with."""


class Attempt:
    """Works in `session`. `left`: it goes on where it was stopped."""

    def __init__(
        self,
        parts: Parts,
        session: Session,
        meter: Meter,
        given: Given,
        *,
        seed: int | None,
        left: Stopped | None,
    ) -> None:
        self._parts = parts
        self._session = session
        self._meter = meter
        self._given = given
        self._seed = seed
        self._left = left
        self._heard = Heard()

    def run(self, control: Control) -> Generator[Event, None, Tried]:
        """Raises R1CodeError and Cancelled; what was changed until then is kept in the session's folder."""
        patch = yield from self._changed(control)
        if patch:
            yield PatchReady(diff=self._parts.unified(patch), files=patch.files)
        proof = Proof(self._parts, self._session)
        verdict, _ = yield from proof.verdict(self._given.claim(patch), self._given.command, control)
        heard = self._heard
        return Tried(patch=patch, verdict=verdict, reason=heard.reason, limit=heard.limit, answer=heard.answer)

    def _changed(self, control: Control) -> Generator[Event, None, Patch]:
        """Lets the model work; all that it changed."""
        given, left = self._given, self._left
        tree = copied(self._parts, started(self._parts, given.base, left, _COPY), _COPY)
        sandbox = self._parts.sandbox(tree.root)
        try:
            if left is None or not left.is_over:
                yield from self._heard.pass_on(self._turns(tree, sandbox, control))
        finally:
            sandbox.close()
            # Tools of the tests leave folders behind; what is proven and applied is what the patch says.
            patch = given.base.diff(tree.snapshot()).without_new_folders()
            save(self._parts, self._session, patch)
            keep(self._session, self._parts.store, tree)
            discarded(tree.root)
        if self._heard.reason == "cancelled":
            raise Cancelled
        return patch

    def _turns(self, tree: WorkTree, sandbox: Sandbox, control: Control) -> Generator[Event, None, None]:
        given, left, seed = self._given, self._left, self._seed
        in_loop = left is not None and not left.in_pipeline
        pipeline = None if in_loop else self._parts.pipeline(tree, sandbox, given.command, seed=seed)
        if pipeline is not None:
            switch(self._session, self._parts.speaker("actor"))
            turn = pipeline.turn(given.before, self._meter, control, goes_on=left is not None)
            yield from self._heard.pass_on(turn)
            if self._heard.reason != "gave_up":
                return
        if not in_loop:
            leave_pipeline(self._session)
        work = Work(
            task=given.task(control), tree=tree, sandbox=sandbox, before=given.before, protect=True, seed=seed
        )
        roles = Roles(self._parts, self._session, self._meter, work)
        with closing(roles.resume(control) if in_loop else roles.work(control)) as turn:
            yield from turn


def started(parts: Parts, base: Snapshot, left: Stopped | None, name: str) -> Snapshot:
    """What is worked on from now in the copy called `name`: the base, or the copy as it was `left`."""
    if left is None:
        return base
    root = parts.scratch / name
    restored(root)
    if not root.exists() or (left.in_pipeline and not left.is_over):
        return left.tree
    # It was killed: what it had changed is where it worked.
    tree = parts.candidate(root, base)
    tree.recover()
    return tree.snapshot()


def copied(parts: Parts, base: Snapshot, name: str) -> WorkTree:
    """A copy of `base` in the session's scratch folder. It is there whole, or not at all."""
    root = parts.scratch / name
    fresh = root.with_name(f"{name}.new")
    # What a killed process left of one.
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    # On this machine, commands may write to the files of a tree; in a container it has files of its own.
    materialise(base, parts.store, fresh, linked=not parts.in_place)
    swapped(fresh, root)
    tree = parts.candidate(root)
    tree.holds(base)
    return tree


def save(parts: Parts, session: Session, patch: Patch) -> None:
    """Keeps the patch as text where nothing that follows can lose it."""
    kept = session.folder / PATCH
    if patch:
        kept.write_text(parts.unified(patch), encoding="utf-8", errors="surrogateescape")
    else:
        kept.unlink(missing_ok=True)
