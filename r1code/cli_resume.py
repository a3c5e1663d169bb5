"""`r1code resume`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def resume(options: argparse.Namespace) -> int:
    """Goes on with a turn that was stopped, with the settings of then and the limits of now."""
    from pathlib import Path

    from r1code.app.folders import state_folder
    from r1code.app.plans import place_for
    from r1code.app.stopped import last_session, settings_for, stopped_session
    from r1code.app.task import Task
    from r1code.cli_work import run_session
    from r1code.config import load_config
    from r1code.repo.git import Git

    sessions = state_folder() / "sessions"
    if options.session is None:
        folder = last_session(sessions, Git.find(Path(options.folder), state_folder()).root)
    else:
        named = Path(options.session)
        folder = named if named.is_dir() else sessions / options.session
    stopped = stopped_session(folder)
    asked = stopped.task
    given = {key: value for key, value in vars(options).items() if value is not None}
    kept = settings_for(asked, given.setdefault("profile", stopped.profile))
    config = load_config(flags={**kept, **given}, environ={}, user_file=Path(os.devnull), project=None)
    git = Git.find(Path(stopped.opened.root), state_folder())
    keep = place_for(git.root, asked.task, None) if asked.command == "plan" else None
    task = Task(command=asked.command, text=asked.task, keep=keep, resumed=stopped)
    return run_session(git, config, task, json=options.json, told=f"the session {folder.name} goes on")[0]
