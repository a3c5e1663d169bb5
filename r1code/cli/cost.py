"""`r1code cost`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def cost(options: argparse.Namespace) -> int:
    import msgspec

    from r1code.app.cost import cost_of, cost_of_days, newest
    from r1code.app.folders import state_folder
    from r1code.errors import UsageError
    from r1code.ui.cost_table import told_days, told_session
    from r1code.ui.safe import safe

    sessions = state_folder() / "sessions"
    if options.days is not None:
        if options.session is not None or options.days < 1:
            raise UsageError(
                "the days cannot be shown",
                why="--days takes a number from 1 on, and no session with it",
                hint="r1code cost --days 7, or r1code cost SESSION",
            )
        days = cost_of_days(sessions, options.days)
        print(msgspec.json.encode(days).decode() if options.json else safe(told_days(days)))
        return 0
    if options.session is None:
        folder = newest(sessions)
    else:
        named = Path(options.session)
        folder = named if named.is_dir() else sessions / options.session
    found = cost_of(folder)
    print(msgspec.json.encode(found).decode() if options.json else safe(told_session(found)))
    return 0
