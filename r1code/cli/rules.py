"""The commands about approvals: what each flag means, and what is printed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse

    from r1code.approval import Approver
    from r1code.config import Config
    from r1code.control import Control
    from r1code.ui.ask import Person


def approvals(options: argparse.Namespace) -> int:
    from pathlib import Path

    from r1code.app.folders import state_folder
    from r1code.app.remembered import Remembered
    from r1code.repo.git import Git
    from r1code.ui.safe import safe_line

    kept = Remembered(Git.find(Path(options.folder), state_folder()).root, state_folder())
    if options.action == "remove":
        print(localized(f"removed {safe_line(str(kept.remove(options.number)))}"))
        return 0
    for number, rule in enumerate(kept.rules, start=1):
        print(f"{number:>3}  {safe_line(str(rule))}")
    if not kept.rules:
        print(localized("nothing is allowed here for good"), file=sys.stderr)
    return 0


def consent(config: Config, control: Control, *, json: bool, person: Person | None = None) -> Approver:
    """Who is asked: `person`, or whoever sits at the terminal.

    Without a sandbox nothing starts before a person has agreed to it.
    """
    from r1code.approval import HeadlessApprover
    from r1code.errors import UsageError
    from r1code.ui.ask import at_terminal

    person = person or at_terminal()
    if config.sandbox == "none" and not config.allow_host_exec:
        if config.approve == "auto":
            raise UsageError(
                "commands would run on this machine unasked, and nobody agreed to that",
                why="--approve auto is for a sandbox, and --sandbox=none turns it off",
                hint="use Docker or --approve auto-edit, or add --allow-host-exec if this machine is disposable",
            )
        if person is None:
            raise UsageError(
                "commands would run on this machine, and nobody agreed to that",
                why="--sandbox=none turns the sandbox off, and there is no terminal to ask on",
                hint="use Docker, or add --allow-host-exec if this machine is disposable",
            )
        from r1code.ui.approver import agrees_to_no_sandbox

        if not agrees_to_no_sandbox(control, person):
            raise UsageError(
                "nothing was started",
                why="you did not agree to run commands without a sandbox",
                hint="leave out --sandbox=none to use Docker, or bubblewrap where no engine runs",
            )
    if json or person is None:
        return HeadlessApprover()
    from r1code.ui.approver import PersonApprover

    return PersonApprover(person, in_sandbox=config.sandbox != "none")
