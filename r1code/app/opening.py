"""Which session a task is done in: a new one, one that was stopped, or one that a person goes on with."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from r1code.app.task import Task
from r1code.app.told import Told
from r1code.app.tree import branch_of
from r1code.config import Config
from r1code.log import Continued, Ended, Opened, Said
from r1code.repo.git import Git
from r1code.secrets.values import Hide
from r1code.session import SCRATCH, TREE, Session
from r1code.tools.toolset import Toolset
from r1code.types import Usage

Say = Callable[[str], None]


def opening(task: Task, config: Config, told: Told, *, git: Git, profile: str) -> Opened:
    """How a new session for `task` begins; what it starts from and mentions is not known yet."""
    return Opened(
        root=str(git.root),
        profile=profile,
        base="",
        branch=branch_of(git),
        command=task.command,
        task=task.text,
        settings=config.values,
        conditions=task.conditions(config, git.root),
        instructions=told.first,
        folders=told.folders,
        replays="" if task.replayed is None else task.replayed.session.id,
        symptoms=task.symptoms,
    )


def open_session(task: Task, opened: Opened, sessions: Path, *, hide: Hide, say: Say) -> Session:
    """The session for `task`, whose log says by now what is asked for. Raises StateError.

    `opened`: how it would be begun, if it is a new one.
    """
    before = task.resumed or task.continues
    if before is None:
        return Session.create(sessions, opened, hide=hide)
    session = Session.load(before.folder, hide=hide)
    for notice in session.notices:
        say(notice)
    if task.continues is not None:
        # The copy of a turn before is not that of this one; and a killed process leaves its copies behind.
        (session.folder / TREE).unlink(missing_ok=True)
        shutil.rmtree(session.folder / SCRATCH, ignore_errors=True)
        if task.command != "chat":
            go_on(session, opened)
    return session


def go_on(session: Session, opened: Opened) -> None:
    """Gives a session another task: what `opened` says of a new one. Raises StateError."""
    session.close_dangling(Toolset.interrupted)
    turns = [entry.item for entry in session.path() if isinstance(entry.item, Ended | Said)]
    if turns and isinstance(turns[-1], Said) and turns[-1].origin != "interrupted":
        # Its process was killed, or a fork ends there: what follows is a turn of its own.
        now = session.resumed()
        ended = Ended(reason="cancelled", text="", usage=Usage(), steps=0, seconds=0)
        session.append(replace(ended, known=now.known, left=now.left))
    session.append(
        Continued(
            command="plan" if opened.command == "plan" else "prompt",
            task=opened.task,
            profile=opened.profile,
            base=opened.base,
            settings=opened.settings,
            conditions=opened.conditions,
            mentions=opened.mentions,
        )
    )


def carry_on(toolset: Toolset, session: Session) -> None:
    """Lets a new toolset know what the model knew, and was told, when the task of now was given."""
    toolset.knowing(session.before.known, session.before.left)
    if session.speaking(session.begun.id).role == "planner":
        toolset.told("plan")
