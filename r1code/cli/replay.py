"""`r1code replay`: a recorded session, once more."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from r1code.ui.messages import localized, localized_error

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from r1code.app.task import Task
    from r1code.log import Entry, Opened


def replay(options: argparse.Namespace) -> int:
    """Does a recorded session again, and compares the two logs."""
    from contextlib import closing
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from r1code.app.conditions import answer_of
    from r1code.app.folders import state_folder
    from r1code.app.sessions.listing import find
    from r1code.app.stopped import without_model
    from r1code.app.task import Replayed, Task
    from r1code.errors import ProviderError, UsageError
    from r1code.log import Continued, Planned
    from r1code.log_file import candidates_of
    from r1code.repair.replay import ReplayedProvider, first_difference, stretches
    from r1code.session import Session
    from r1code.types import ExitCode
    from r1code.ui.safe import safe

    named = Path(options.log)
    folder = named.parent if named.is_file() else named
    if not folder.is_dir():
        folder = find(state_folder() / "sessions", options.log)
    if found := candidates_of(folder):
        raise UsageError(
            f"the session {folder.name} cannot be replayed",
            why=f"it is that of a repair with {len(found)} candidates, each with a session of its own",
            hint=f"r1code replay {folder.name}.{found[0].name} replays one of them",
        )
    with closing(Session.load(folder)) as recorded, TemporaryDirectory(dir=state_folder()) as scratch:
        opened = recorded.opened
        if opened.command == "init" or without_model(opened):
            raise UsageError(
                f"the session {recorded.id} cannot be replayed",
                why="it only drafted a file" if opened.command == "init" else "no model took part in it",
                hint="name another one",
            )
        if opened.forked or any(isinstance(one.item, Continued) for one in recorded.entries):
            raise UsageError(
                f"the session {recorded.id} cannot be replayed",
                why=f"it is a fork of {opened.forked}" if opened.forked else "it has more than one task",
                hint="name another one; r1code sessions show shows what this one did, step by step",
            )
        entries = recorded.entries
        parts = stretches(entries, opened.profile)
        provider = ReplayedProvider(*(part.entries for part in parts))
        replayed = Replayed(session=recorded, provider=provider, root=Path(scratch))
        given = (one.item.plan for one in entries if isinstance(one.item, Planned) and one.item.by == "person")
        task = Task(
            command=opened.command,
            text=opened.task,
            replayed=replayed,
            plan=next(given, None),
            symptoms=opened.symptoms,
            part=opened.conditions.part,
            answer=answer_of(opened.conditions),
        )
        try:
            code, again = _again(options, opened, task, [part.profile for part in parts])
        except ProviderError as error:
            print(f"r1code: {safe(localized_error(error))}", file=sys.stderr)
            code, again = error.exit_code, ()
    difference = first_difference(entries, again)
    if difference is None:
        print(localized(f"replayed: the same end, with exit code {code}"), file=sys.stderr)
        return ExitCode.OK
    print(localized(f"replayed: different from step {difference.step} on"), file=sys.stderr)
    print(
        localized(f"  recorded: {safe(difference.recorded)}\n  replayed: {safe(difference.replayed)}"),
        file=sys.stderr,
    )
    return ExitCode.NOT_FIXED


def _again(
    options: argparse.Namespace, opened: Opened, task: Task, profiles: Sequence[str]
) -> tuple[int, Sequence[Entry]]:
    """Runs a session anew, and resumes it where one of the next `profiles` went on then.

    Exit code and log. It ends early where it comes to an end of its own before.
    """
    from pathlib import Path

    from msgspec.structs import replace

    from r1code.app.conditions import under
    from r1code.app.folders import state_folder
    from r1code.app.stopped import settings_for, stopped_session
    from r1code.cli.work import run_session
    from r1code.config import load_config
    from r1code.errors import UsageError
    from r1code.repo.git import Git

    git, told = Git.find(Path(opened.root), state_folder()), ""
    code, again = 0, tuple["Entry", ...]()
    for profile in profiles:
        if again:
            try:
                stopped = stopped_session(_folder_of(again))
            except UsageError:
                break
            task = replace(task, plan=None, resumed=stopped)
            told = f"here the profile {profile} went on"
        flags: dict[str, Any] = {
            **settings_for(opened, profile),
            # What they say, and when, is not what a replay is about.
            "language_servers": {},
            "color": options.color or "auto",
            "allow_host_exec": options.allow_host_exec,
        }
        config = load_config(flags=flags, environ={}, user_file=Path(os.devnull), project=None)
        config = under(config, opened.conditions)
        code, again = run_session(git, config, task, json=options.json, told=told)
    return code, again


def _folder_of(entries: Sequence[Entry]) -> Path:
    from r1code.app.folders import state_folder
    from r1code.log import Opened

    names = [entry.item.session for entry in entries[:1] if isinstance(entry.item, Opened)]
    return state_folder() / "sessions" / names[0]
