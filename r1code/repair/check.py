"""The tests on the tree as it is, in a sandbox, and nothing else: no model, no change."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Literal

from r1code.control import Control
from r1code.errors import Cancelled
from r1code.events import BaselineReached, Event, Finished, Notice
from r1code.log import Tested
from r1code.repair.parts import Parts
from r1code.repair.proof import Proof
from r1code.repair.stopped import Stopped
from r1code.repair.verdict import problem
from r1code.session import Session
from r1code.types import EndReason, ExitCode, Usage


def check(
    parts: Parts, session: Session, command: str, control: Control, *, left: Stopped | None = None
) -> Generator[Event, None, None]:
    """Ends with code 0 where all tests pass, 1 where some fail, 4 where neither is known. Raises R1CodeError.

    `left`: it was stopped, and goes on with the tree that it was about.
    """
    began, code = time.monotonic(), ExitCode.INTERRUPTED
    outcome: Literal["nothing_to_fix", "not_fixed", "cannot_reproduce", "ended"] = "not_fixed"
    reason: EndReason | None = None
    try:
        tree, report = (parts.tree.snapshot(), None) if left is None else (left.base, left.before)
        if report is None:
            yield Notice(text=f"running the tests on the tree as it is: {command}")
            report = yield from Proof(parts, session).baseline(tree, command, control)
            session.append(Tested(command=command, report=report))
        yield BaselineReached(command=command, report=report)
        match problem(report, tree.entries):
            case None:
                code = ExitCode.NOT_FIXED
            case ("nothing_to_fix", why):
                yield Notice(text=why)
                outcome, code = "nothing_to_fix", ExitCode.OK
            case (_, why):
                yield Notice(text=why, level="warning")
                outcome, code = "cannot_reproduce", ExitCode.CANNOT_REPRODUCE
    except Cancelled:
        outcome, reason = "ended", "cancelled"
    yield Finished(
        outcome=outcome,
        reason=reason,
        exit_code=code,
        applied=False,
        patch_file=None,
        session=session.id,
        usage=Usage(),
        seconds=time.monotonic() - began,
    )
