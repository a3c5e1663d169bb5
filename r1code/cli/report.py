"""`r1code report`: what a run came to, made from its session at any later time."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from r1code.reports.sheet import Sheet


def report(options: argparse.Namespace) -> int:
    from r1code.app.export import session_folder, vault_of
    from r1code.app.folders import state_folder
    from r1code.log_file import entries_of, opened_of
    from r1code.reports.form import form_of
    from r1code.reports.sheet import sheet_of

    if options.schema:
        sys.stdout.write(_schema())
        return 0
    state = state_folder()
    folder = _known(session_folder(options.session, state / "sessions"))
    form = options.form or form_of(options.output or "") or "markdown"
    hide = vault_of(opened_of(entries_of(folder)).root, state, os.environ).hide
    sheet = sheet_of(folder, state, hide, forms={form})
    if form == "github":
        _tell_github(sheet, folder)
    else:
        _write(sheet, form, options)
    if sheet.card.outcome == "unfinished":
        _say("the run has not ended, or its process died: this is what is known until then")
    return 0


def _known(folder: Path) -> Path:
    """Raises StateError where there is no session."""
    from r1code.errors import StateError
    from r1code.log_file import LOG

    if not (folder / LOG).is_file():
        raise StateError(
            f"there is no session {folder.name}",
            why=f"{folder} has no log of one",
            hint="r1code sessions lists those that there are",
        )
    return folder


def _schema() -> str:
    from pkgutil import get_data

    return (get_data("r1code.reports", "card.schema.json") or b"").decode()


def _tell_github(sheet: Sheet, folder: Path) -> None:
    from r1code.reports.github import Step, check_github

    check_github(os.environ)
    Step(sys.stdout).tell(sheet.card, folder)


def _write(sheet: Sheet, form: str, options: argparse.Namespace) -> None:
    from pathlib import Path

    from r1code.errors import UsageError
    from r1code.reports.form import AS_IT_IS, FORMS, Target
    from r1code.reports.outlet import Place, printable, put
    from r1code.ui.outlet import Outlet

    text = FORMS[form](sheet)
    if options.output in {None, "-"}:
        shown = printable(text, form, is_terminal=sys.stdout.isatty(), ci=bool(os.environ.get("CI")))
        if form in AS_IT_IS:
            sys.stdout.flush()
            sys.stdout.buffer.write(shown.encode("utf-8", "surrogateescape"))
            sys.stdout.buffer.flush()
        else:
            Outlet(sys.stdout).write(shown)
        return
    file = Path(options.output).absolute()
    if os.path.lexists(file) and not options.force:
        raise UsageError(
            f"{options.output} is there already",
            why="it is not overwritten unasked",
            hint="name another file, or --force",
        )
    put(Place(target=Target(form, options.output), file=file, folder=file.parent.resolve()), text)


def _say(text: str) -> None:
    print(localized(f"note: {text}"), file=sys.stderr)
