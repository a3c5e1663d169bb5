"""`r1code replay`: a recorded session, once more."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def replay(options: argparse.Namespace) -> int:
    """Does a recorded session again, and compares the two logs."""
    from contextlib import closing
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from r1code.app.folders import state_folder
    from r1code.app.task import Replayed, Task
    from r1code.cli_work import run_session
    from r1code.config import load_config
    from r1code.errors import ProviderError, UsageError
    from r1code.log import Continued, Planned, Switched
    from r1code.repair.replay import ReplayedProvider, first_difference
    from r1code.repo.git import Git
    from r1code.session import Session
    from r1code.types import ExitCode
    from r1code.ui.safe import safe

    named = Path(options.log)
    folder = named.parent if named.is_file() else named
    if not folder.is_dir():
        folder = state_folder() / "sessions" / options.log
    with closing(Session.load(folder)) as recorded, TemporaryDirectory(dir=state_folder()) as scratch:
        opened = recorded.opened
        if opened.command == "init":
            raise UsageError(
                f"the session {recorded.id} cannot be replayed",
                why="it only drafted a file",
                hint="name another one",
            )
        if any(isinstance(one.item, Switched) and one.item.role == "actor" for one in recorded.entries):
            raise UsageError(
                f"the session {recorded.id} cannot be replayed",
                why="the model of another profile went on in the middle of it",
                hint="name another one; r1code cost shows what this one did, step by step",
            )
        if opened.forked or any(isinstance(one.item, Continued) for one in recorded.entries):
            raise UsageError(
                f"the session {recorded.id} cannot be replayed",
                why=f"it is a fork of {opened.forked}" if opened.forked else "it has more than one task",
                hint="name another one; r1code sessions show shows what this one did, step by step",
            )
        config = load_config(
            flags={
                **opened.settings,
                # What they say, and when, is not what a replay is about.
                "language_servers": {},
                "color": options.color or "auto",
                "allow_host_exec": options.allow_host_exec,
            },
            environ={},
            user_file=Path(os.devnull),
            project=None,
        )
        replayed = Replayed(session=recorded, provider=ReplayedProvider(recorded.entries), root=Path(scratch))
        given = (
            one.item.plan for one in recorded.entries if isinstance(one.item, Planned) and one.item.by == "person"
        )
        task = Task(command=opened.command, text=opened.task, replayed=replayed, plan=next(given, None))
        entries = recorded.entries
        try:
            code, again = run_session(
                Git.find(Path(opened.root), state_folder()), config, task, json=options.json
            )
        except ProviderError as error:
            print(f"r1code: {safe(str(error))}", file=sys.stderr)
            code, again = error.exit_code, ()
    difference = first_difference(entries, again)
    if difference is None:
        print(f"replayed: the same end, with exit code {code}", file=sys.stderr)
        return ExitCode.OK
    print(f"replayed: different from step {difference.step} on", file=sys.stderr)
    print(f"  recorded: {safe(difference.recorded)}\n  replayed: {safe(difference.replayed)}", file=sys.stderr)
    return ExitCode.NOT_FIXED
