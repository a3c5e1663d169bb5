"""`r1code undo`, `redo`, `rewind` and `checkpoints`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse

    from r1code.app.checkpoints import Checkpoints


def _open_checkpoints(options: argparse.Namespace) -> Checkpoints:
    from pathlib import Path

    from r1code.app.checkpoints import Checkpoints
    from r1code.app.folders import state_folder
    from r1code.repo.git import Git
    from r1code.ui.safe import safe

    return Checkpoints(
        Git.find(Path(options.folder), state_folder()),
        state_folder(),
        lambda text: print(localized(f"note: {safe(text)}"), file=sys.stderr),
    )


def go(options: argparse.Namespace) -> int:
    from r1code.app.signals import cancel_on_signals
    from r1code.control import Control
    from r1code.ui.safe import safe_line

    control, history = Control(), _open_checkpoints(options)
    with cancel_on_signals(control):
        if options.command == "undo":
            patch = history.undo(control, by=options.by, part=options.part, force=options.force)
        elif options.command == "redo":
            patch = history.redo(control, part=options.part, force=options.force)
        else:
            patch = history.rewind(options.number, control, part=options.part, force=options.force)
    for path in patch.paths:
        print(safe_line(path))
    print(localized(f"{len(patch.paths)} files changed; `r1code redo` goes back"), file=sys.stderr)
    return 0


def checkpoints(options: argparse.Namespace) -> int:
    from r1code.app.checkpoints import DAYS, as_json, as_table
    from r1code.control import Control
    from r1code.ui.safe import safe

    if options.action == "show":
        from r1code.cli.review import show

        return show(options)
    history = _open_checkpoints(options)
    if options.action == "list":
        found = history.list()
        print(as_json(found) if options.json else safe(as_table(found)))
    else:
        moves, contents = history.prune(DAYS if options.days is None else options.days, Control())
        print(localized(f"{moves} checkpoints and {contents} contents removed"))
    return 0
