"""The verdict on a patch that is there already: no model is asked, and nothing is applied."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import suppress

from r1code.control import Control
from r1code.errors import Cancelled
from r1code.events import BaselineReached, Event, Finished, Notice, PatchReady
from r1code.log import Tested
from r1code.repair.parts import Parts
from r1code.repair.proof import Claim, Proof
from r1code.repair.verdict import problem
from r1code.repo.incoming import incoming
from r1code.session import Session
from r1code.types import ExitCode, Outcome, Usage

_GOOD = frozenset({"fixed", "unbroken"})


class Verifying:
    """Of one patch, in a session of its own."""

    def __init__(self, parts: Parts, session: Session, command: str) -> None:
        self._parts = parts
        self._session = session
        self._command = command

    def run(self, text: bytes, control: Control) -> Generator[Event, None, None]:
        """Tests the work tree as it is, and with the patch `text`; the verdict is as that of `fix` on its own.

        Raises UsageError for what is no patch of this tree, SandboxError and StateError.
        """
        began = time.monotonic()
        outcome: Outcome | None = None
        with suppress(Cancelled):
            outcome = yield from self._outcome(text, control)
        yield Finished(
            outcome=outcome or "ended",
            reason="cancelled" if outcome is None else "done",
            exit_code=_code(outcome),
            applied=False,
            patch_file=None,
            session=self._session.id,
            usage=Usage(),
            seconds=time.monotonic() - began,
        )

    def _outcome(self, text: bytes, control: Control) -> Generator[Event, None, Outcome]:
        parts, command = self._parts, self._command
        base, proof = parts.tree.snapshot(), Proof(parts, self._session)
        # Before minutes are spent on tests.
        patch = incoming(text, parts.tree.root, parts.store)
        yield Notice(text=f"running the tests on the tree as it is: {command}")
        before = yield from proof.baseline(base, command, control)
        self._session.append(Tested(command=command, report=before))
        yield BaselineReached(command=command, report=before)
        trouble = problem(before, base.entries)
        if trouble is not None and trouble[0] == "cannot_reproduce":
            yield Notice(text=trouble[1], level="warning")
            return trouble[0]
        yield PatchReady(diff=parts.unified(patch), files=patch.files)
        claim = Claim(base=base, patch=patch, before=before, protect=True, repairs=True)
        verdict, _ = yield from proof.verdict(claim, command, control)
        return verdict.outcome


def _code(outcome: Outcome | None) -> ExitCode:
    if outcome is None:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if outcome in _GOOD else ExitCode[outcome.upper()]
