"""Clean re-runs of the tests: on a tree as it was, and on that tree with a patch, which gives a verdict."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Sequence

from msgspec import Struct

from r1code.control import Control
from r1code.events import Event, Notice, VerdictReached
from r1code.log import Judged
from r1code.repair.parts import Parts
from r1code.repair.protected import is_protected
from r1code.repair.relay import shown
from r1code.repair.verdict import failing, judge
from r1code.sandbox.runners import run_again, run_tests
from r1code.session import Session
from r1code.tools.truncation import clean
from r1code.tree.patch import Patch
from r1code.tree.snapshot import Snapshot, materialise
from r1code.types import TestReport, Verdict


class Claim(Struct, frozen=True, kw_only=True):
    """What is to be proven: that `patch` on `base`, whose tests gave `before`, does good and no harm."""

    base: Snapshot
    patch: Patch
    before: TestReport
    protect: bool
    """What decides about the success stays as it was."""
    repairs: bool
    """It is about the tests that failed before."""


class Proof:
    """Of one session. Every run has a fresh sandbox of its own."""

    def __init__(self, parts: Parts, session: Session) -> None:
        self._parts = parts
        self._session = session

    def baseline(self, snapshot: Snapshot, command: str, control: Control) -> Generator[Event, None, TestReport]:
        """All tests on `snapshot`. Raises SandboxError, StateError and Cancelled."""
        return (yield from self._run(snapshot, command, "baseline", control))[0]

    def verdict(
        self, claim: Claim, command: str, control: Control
    ) -> Generator[Event, None, tuple[Verdict, TestReport]]:
        """The verdict, logged, and what the tests said. Raises as `baseline`."""
        before, patch = claim.before, claim.patch
        after = before
        if not patch:
            verdict = Verdict(
                outcome="not_fixed",
                why="nothing was changed",
                sandbox="",
                still_failing=failing(before),
                passing=len(before.passed),
            )
        else:
            yield Notice(text=f"clean re-run of the tests with the patch: {command}")
            guarded = patch.only(is_protected) if claim.protect else Patch(())
            snapshot = claim.base.with_patch(patch.without(is_protected) if claim.protect else patch)
            after, kind = yield from self._run(snapshot, command, "verdict", control, known=failing(before))
            tampered = tuple(map(clean, guarded.paths))
            verdict = judge(before, after, sandbox=kind, tampered=tampered, repairs=claim.repairs)
        self._session.append(Judged(verdict=verdict, report=after if patch else None))
        yield VerdictReached(verdict=verdict)
        return verdict, after

    def _run(
        self,
        snapshot: Snapshot,
        command: str,
        call_id: str,
        control: Control,
        *,
        known: Sequence[str] | None = None,
    ) -> Generator[Event, None, tuple[TestReport, str]]:
        """All tests, and what kind of sandbox ran them; what failed runs again alone, to name what is flaky."""
        root = self._parts.scratch / call_id
        # What a killed process left.
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        sandbox = self._parts.sandbox(root)
        try:
            if sandbox.in_place:
                materialise(snapshot, self._parts.store, root)
            sandbox.start(control)
            sandbox.sync(snapshot, control)
            report = yield from shown(call_id, run_tests(sandbox, command, control, known=known))
            return (yield from shown(call_id, run_again(sandbox, command, report, control))), sandbox.kind
        finally:
            sandbox.close()
            shutil.rmtree(root)
