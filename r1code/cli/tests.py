"""The command line's words about tests: `r1code tests`, and the command that is found where none is named."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from r1code.app.tests import Where
    from r1code.config import Config
    from r1code.control import Control
    from r1code.repo.git import Git
    from r1code.sandbox.runners.detect import Found
    from r1code.ui.ask import Person

_MOST_CHOICES = 9


def list_tests(options: argparse.Namespace) -> int:
    """`r1code tests`: what was found and why, best first."""
    from pathlib import Path

    from r1code.app.folders import state_folder
    from r1code.app.tests import found_tests
    from r1code.repo.git import Git
    from r1code.types import ExitCode
    from r1code.ui.safe import safe_line

    found = found_tests(Git.find(Path(options.folder), state_folder()))
    if options.json:
        print(json.dumps([_as_json(one) for one in found], indent=2))
    elif not found:
        print(localized("nothing here shows how the tests are run; name it with --test"), file=sys.stderr)
    else:
        width = max(len(safe_line(one.line)) for one in found)
        for one in found:
            print(f"{safe_line(one.line):{width}}  {one.runner or '-':9}  {safe_line(one.reason)}")
    return ExitCode.OK if found else ExitCode.NOT_FIXED


def _as_json(one: Found) -> dict[str, object]:
    return {
        "command": one.line,
        "folder": one.folder,
        "runner": one.runner,
        "reason": one.reason,
        "weight": one.weight,
    }


def with_found_tests(
    config: Config,
    git: Git,
    state: Path,
    control: Control,
    *,
    person: Person | None = None,
    where: Where | None = None,
) -> tuple[Config, str]:
    """The configuration with a test command where one can be found, and what to tell about it.

    `where`: whose files show it, and where the tests are to run; None: those of `git`, at its top.
    `person`: whom to ask which of several is meant; None: whoever sits at the terminal.
    """
    from r1code.app.tests import with_tests

    return with_tests(config, git, state, lambda found: _asked(found, control, person), where=where)


def _asked(found: Sequence[Found], control: Control, person: Person | None) -> Found | None:
    """Which of several a person means; None where nobody is there."""
    from r1code.ui.ask import Choice, at_terminal

    person = person or at_terminal()
    if person is None:
        return None
    shown = found[:_MOST_CHOICES]
    detail = "\n".join(f"{number}  {one.line}   ({one.reason})" for number, one in enumerate(shown, start=1))
    choices = tuple(Choice(str(number), one.runner or "this") for number, one in enumerate(shown, start=1))
    key = person.ask("Several commands could run the tests here. Which one?", detail, choices, control, deny="1")
    return shown[int(key) - 1]
