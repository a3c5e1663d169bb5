"""What GitHub Actions reads of a step: its summary, its outputs and its annotations."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from r1code.errors import UsageError
from r1code.reports.annotations import commands
from r1code.reports.card import Card
from r1code.reports.markdown import comment, summary
from r1code.reports.mbox import subject
from r1code.reports.outlet import replace_with
from r1code.session import PATCH
from r1code.ui.outlet import Outlet
from r1code.ui.safe import safe_line

_SUMMARY, _OUTPUT = "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"
BODY = "pull-request.md"
"""In the folder of the session: what a pull request or a comment may say."""


def check_github(environ: Mapping[str, str]) -> None:
    """Raises UsageError where no step of GitHub Actions runs this."""
    missing = [name for name in (_SUMMARY, _OUTPUT) if not environ.get(name)]
    if environ.get("GITHUB_ACTIONS") != "true" or missing:
        raise UsageError(
            "there is no step whose summary and outputs could be written",
            why=f"{missing[0]} is not set" if missing else "GITHUB_ACTIONS is not true",
            hint="use --report github in a workflow of GitHub Actions; elsewhere markdown:FILE and annotations:-",
        )


class Step:
    """The step that runs this. While it is `quiet`, nothing that is printed is a command."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str] = os.environ) -> None:
        self._outlet = Outlet(stream)
        self._environ = environ
        # Nobody who prints may know it.
        self._token = secrets.token_hex(16)
        self._is_quiet = False

    def quiet(self) -> None:
        self._outlet.write(f"::stop-commands::{self._token}\n")
        self._is_quiet = True

    def loud(self) -> None:
        """Safe to call again."""
        if self._is_quiet:
            # On a line of its own, wherever the last one ended.
            self._outlet.write(f"\n::{self._token}::\n")
            self._is_quiet = False

    def tell(self, card: Card, folder: Path | None) -> None:
        """`folder`: of the session, if there is one. Raises UsageError."""
        try:
            _append(Path(self._environ[_SUMMARY]), summary(card))
            _append(Path(self._environ[_OUTPUT]), _outputs(card, folder))
        except OSError as error:
            raise UsageError(
                "the summary or the outputs of the step cannot be written",
                why=str(error),
                hint="look at the runner; r1code report makes the same from the session",
            ) from error
        self.loud()
        self._outlet.write(commands(card))


def _append(file: Path, text: str) -> None:
    with file.open("ab") as made:
        made.write(text.encode("utf-8", "backslashreplace"))


def _outputs(card: Card, folder: Path | None) -> str:
    values = {
        "outcome": card.outcome,
        "exit-code": "" if card.exit_code is None else str(card.exit_code),
        "applied": "true" if card.applied else "false",
        "session": card.session,
        "title": subject(card),
        "patch": "",
        "pull-request-body": "",
    }
    if folder is not None:
        replace_with(folder / BODY, comment(card).encode("utf-8", "backslashreplace"))
        values["pull-request-body"] = str(folder / BODY)
        values["patch"] = str(folder / PATCH) if card.patch.diff else ""
    return "".join(_output(name, value) for name, value in values.items())


def _output(name: str, value: str) -> str:
    """Between lines that nobody can know, so that no value makes another output."""
    mark = f"r1code_{secrets.token_hex(16)}"
    return f"{name}<<{mark}\n{safe_line(value)}\n{mark}\n"
