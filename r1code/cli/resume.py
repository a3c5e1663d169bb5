"""`r1code resume`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from r1code.app.stopped import Resumable


def resume(options: argparse.Namespace) -> int:
    """Goes on with a turn that was stopped, with the settings of then and the limits of now.

    Without an id a person at a terminal chooses; a session whose last turn was not stopped opens in the REPL.
    """
    from pathlib import Path

    from r1code.app.folders import state_folder
    from r1code.app.sessions.listing import find
    from r1code.app.stopped import last_session, stopped_session
    from r1code.repo.git import Git

    sessions = state_folder() / "sessions"
    if options.session is not None:
        named = Path(options.session)
        return _go_on(stopped_session(named if named.is_dir() else find(sessions, options.session)), options)
    root = Git.find(Path(options.folder or "."), state_folder()).root
    if options.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _go_on(stopped_session(last_session(sessions, root)), options)
    chosen = _chosen(sessions, root)
    if chosen is None:
        return 0
    stopped = _stopped(sessions / chosen)
    return _opened(chosen, options) if stopped is None else _go_on(stopped, options)


def _chosen(sessions: Path, root: Path) -> str | None:
    """The id of the session that a person wants; None: none. Raises StateError where there is none."""
    import time

    from prompt_toolkit.output import create_output

    from r1code.app.sessions.listing import resumable, sessions_in
    from r1code.app.stopped import last_session

    found = resumable(sessions_in(sessions), root)
    if len(found) <= 1:
        return found[0].id if found else last_session(sessions, root).name
    from r1code.ui.repl.picker import Picker

    return Picker(found, now=time.time(), output=create_output()).choose()


def _stopped(folder: Path) -> Resumable | None:
    """The turn of the session that can go on by itself; None: it waits for a person."""
    from r1code.app.sessions.info import info_of
    from r1code.app.stopped import stopped_session
    from r1code.log import RESUMABLE

    info = info_of(folder)
    if info.command == "chat" or (info.ended is not None and info.ended not in RESUMABLE):
        return None
    return stopped_session(folder)


def _opened(session: str, options: argparse.Namespace) -> int:
    from argparse import Namespace

    from r1code.cli.repl import repl
    from r1code.options.grammar import parser

    flags = {key: value for key, value in vars(options).items() if value is not None and key != "session"}
    return repl(Namespace(**{**vars(parser().parsed(["--continue", session])), **flags, "command": None}))


def _go_on(stopped: Resumable, options: argparse.Namespace) -> int:
    from pathlib import Path

    from msgspec.structs import replace

    from r1code.app.conditions import answer_of, under
    from r1code.app.folders import state_folder
    from r1code.app.moved import place_of
    from r1code.app.plans import place_for
    from r1code.app.stopped import settings_for
    from r1code.app.task import Task
    from r1code.cli.work import run_session
    from r1code.config import load_config
    from r1code.reports.ending import ending_of

    asked = stopped.task
    given = {key: value for key, value in vars(options).items() if value is not None}
    if asked.conditions.only_tests:
        _refuse_model(stopped, given)
    kept = settings_for(asked, given.setdefault("profile", stopped.profile))
    config = load_config(flags={**kept, **given}, environ={}, user_file=Path(os.devnull), project=None)
    config = under(config, asked.conditions)
    if asked.command != "fix":
        # It worked in place: what is changed by now is no longer what was changed before.
        config = replace(config, commit_first=False)
    # Without an id, the folder only said whose last session it is.
    elsewhere = Path(options.folder) if options.session and options.folder else None
    git = place_of(stopped, elsewhere, state_folder())
    keep = place_for(git.root, asked.task, asked.conditions.plan or None) if asked.command == "plan" else None
    symptoms = stopped.opened.symptoms
    task = Task(
        command=asked.command,
        text=asked.task,
        keep=keep,
        resumed=stopped,
        symptoms=symptoms,
        part=asked.conditions.part,
        answer=answer_of(asked.conditions),
        only_tests=asked.conditions.only_tests,
    )
    told = f"the session {stopped.folder.name} goes on"
    wanted, answers = options.reports or (), task.answer is not None
    ending = ending_of(task.command, wanted, git, state_folder(), json=options.json, answers=answers)
    return run_session(git, config, task, json=options.json, told=told, ending=ending)[0]


def _refuse_model(stopped: Resumable, given: Mapping[str, Any]) -> None:
    """Raises UsageError where a check is to go on with a model: it would be no check any more."""
    from r1code.app.stopped import ABOUT_MODEL
    from r1code.errors import UsageError

    if not given.keys().isdisjoint({"profile", "replies", *ABOUT_MODEL}):
        raise UsageError(
            f"the session {stopped.folder.name} asks no model",
            why="it was begun with --check: the tests run, and nothing is repaired",
            hint=f"r1code resume {stopped.folder.name}, or begin a repair: r1code fix",
        )
