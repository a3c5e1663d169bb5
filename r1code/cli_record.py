"""`r1code why` and `r1code export`: what is on record of a line, and of a session."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse


def why(options: argparse.Namespace) -> int:
    import json

    import msgspec

    from r1code.app.folders import state_folder
    from r1code.app.why import why as asked
    from r1code.repo.git import Git
    from r1code.ui.surface import Surface
    from r1code.ui.why import told

    folder = Path(options.folder)
    git = Git.find(folder, state_folder())
    found = asked(options.place, git, state_folder(), folder=folder, session=options.session or "")
    if options.json:
        # The standard module writes what is not ASCII as escapes.
        print(json.dumps(msgspec.to_builtins(found), indent=2))
    else:
        surface = Surface(sys.stdout, color=options.color or "auto", ci=bool(os.environ.get("CI")))
        surface.write(told(found, surface.width))
    return 0


def export(options: argparse.Namespace) -> int:
    from r1code.app.export import document_of, only, session_folder
    from r1code.app.folders import state_folder
    from r1code.ui.export import Format, format_of, rendered, write
    from r1code.ui.safe import safe_ci

    state = state_folder()
    document = document_of(session_folder(options.session, state / "sessions"), state)
    if options.step is not None:
        document = only(document, options.step)
    form: Format = options.format or format_of(options.output)
    text = rendered(document, form)
    if options.output is None:
        sys.stdout.write(safe_ci(text) if form != "json" and os.environ.get("CI") else text)
    else:
        write(text, Path(options.output), force=options.force)
    for lost in document.lost:
        _say(f"not in it: {lost}")
    if document.secrets:
        _say(f"{document.secrets} secrets are hidden, {document.fresh} of them not yet in the log")
    return 0


def _say(text: str) -> None:
    from r1code.ui.safe import safe

    print(localized(f"note: {safe(text)}"), file=sys.stderr)
