"""`r1code sessions`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from r1code.app.sessions.info import SessionInfo
    from r1code.secrets.values import Hide


def sessions(options: argparse.Namespace) -> int:
    actions: dict[str | None, Callable[[argparse.Namespace], int]] = {
        "show": _show,
        "rename": _rename,
        "fork": _fork,
        "delete": _delete,
    }
    return actions.get(options.action, _list)(options)


def _sessions() -> Path:
    from r1code.app.folders import state_folder

    return state_folder() / "sessions"


def _named(name: str) -> Path:
    from r1code.app.sessions.listing import find

    return find(_sessions(), name)


def _wanted(options: argparse.Namespace) -> list[SessionInfo]:
    """Those of the project, or of all."""
    from pathlib import Path

    from r1code.app.folders import state_folder
    from r1code.app.sessions.listing import of_project, sessions_in
    from r1code.repo.git import Git

    found = sessions_in(_sessions())
    if options.all:
        return found
    here = of_project(found, Git.find(Path(options.folder), state_folder()).root)
    if unknown := sum(not one.root for one in found):
        _note(f"{unknown} whose project is not known: r1code sessions --all lists them, too")
    return here


def _note(text: str) -> None:
    from r1code.ui.safe import safe_line

    print(localized(f"note: {safe_line(text)}"), file=sys.stderr)


def _list(options: argparse.Namespace) -> int:
    import time

    import msgspec

    from r1code.app.sessions.search import search
    from r1code.ui.sessions_table import told_found, told_sessions

    infos = _wanted(options)
    if options.search is not None:
        found = search(_sessions(), infos, options.search)
        if options.json:
            print(msgspec.json.encode(found).decode())
        elif found:
            print(told_found(found, options.search, now=time.time()))
        else:
            _note("none has all of these words; --all searches those of all projects")
        return 0
    if options.json:
        print(msgspec.json.encode(infos).decode())
    elif infos:
        print(told_sessions(infos, now=time.time(), roots=options.all))
    else:
        _note("there is none; r1code -p TASK begins one, and --all lists those of all projects")
    return 0


def _show(options: argparse.Namespace) -> int:
    import msgspec

    from r1code.app.sessions.view import view_of
    from r1code.ui.sessions_table import told_view

    found = view_of(_named(options.session))
    print(msgspec.json.encode(found).decode() if options.json else told_view(found))
    return 0


def _rename(options: argparse.Namespace) -> int:
    from r1code.app.sessions.change import rename

    folder = _named(options.session)
    rename(folder, options.title, hide=_hide())
    _note(f"renamed {folder.name}")
    return 0


def _hide() -> Hide:
    """What is known to be secret without a look at a project."""
    from r1code.app.backend import key_names
    from r1code.app.folders import state_folder
    from r1code.app.keys import environment
    from r1code.app.vault import bare_vault

    return bare_vault(state_folder(), environment(), key_names()).hide


def _fork(options: argparse.Namespace) -> int:
    from r1code.app.folders import state_folder
    from r1code.app.sessions.change import checkpoints_of, fork, rewind
    from r1code.app.signals import cancel_on_signals
    from r1code.control import Control
    from r1code.errors import UsageError
    from r1code.ui.safe import safe_line

    folder, control = _named(options.session), Control()
    if options.tree and options.at is None:
        raise UsageError(
            "the files cannot go back",
            why="--tree goes with --at STEP, which says to where",
            hint=f"r1code sessions show {folder.name} lists the steps",
        )
    if options.tree:
        with cancel_on_signals(control):
            # First: where that cannot be done, there is no fork either.
            patch = rewind(folder, options.at, checkpoints_of(folder, state_folder(), _note), control)
        for path in patch.paths:
            print(f"  {safe_line(path)}", file=sys.stderr)
        _note(f"{len(patch.paths)} files changed; `r1code redo` goes back")
    fresh = fork(folder, options.at)
    print(fresh.name)
    _note(f"r1code --continue {fresh.name} -p TASK goes on with it")
    return 0


def _delete(options: argparse.Namespace) -> int:
    from r1code.app.sessions.change import delete

    sessions, chosen = _sessions(), _chosen(options)
    if not chosen:
        _note("there is nothing to delete")
        return 0
    _agree(options, chosen)
    delete([sessions / one.id for one in chosen])
    _note(f"{len(chosen)} deleted; `r1code checkpoints prune` frees contents that nothing needs any more")
    return 0


def _chosen(options: argparse.Namespace) -> list[SessionInfo]:
    import time

    from r1code.app.sessions.info import info_of
    from r1code.errors import UsageError

    if bool(options.sessions) == (options.older_than is not None):
        raise UsageError(
            "it is not clear what is to be deleted",
            why="it takes ids, or --older-than TIME",
            hint="r1code sessions delete SESSION, or r1code sessions delete --older-than 30d",
        )
    if options.sessions:
        return [info_of(folder) for folder in dict.fromkeys(map(_named, options.sessions))]
    until = time.time() - _seconds(options.older_than)
    old = [one for one in _wanted(options) if one.used < until and one.started]
    if running := [one.id for one in old if one.in_use]:
        _note(f"in use, and left alone: {', '.join(running)}")
    return [one for one in old if not one.in_use]


def _seconds(text: str) -> float:
    import re

    from r1code.errors import UsageError

    match = re.fullmatch(r"(\d+(?:\.\d+)?)([hdw])", text.strip())
    if match is None:
        raise UsageError(
            f"--older-than {text} is no time",
            why="it takes a number with h, d or w for hours, days or weeks",
            hint="r1code sessions delete --older-than 30d",
        )
    return float(match[1]) * {"h": 3_600, "d": 86_400, "w": 604_800}[match[2]]


def _agree(options: argparse.Namespace, chosen: list[SessionInfo]) -> None:
    """Raises UsageError where a person does not agree, or nobody is there."""
    import time

    from r1code.control import Control
    from r1code.errors import UsageError
    from r1code.ui.sessions_table import told_sessions

    if options.yes:
        return
    agreed = False
    is_there = sys.stdin.isatty() and sys.stdout.isatty()
    if is_there:
        from r1code.ui.ask import Choice, ask

        title = "Delete these sessions? Your files stay as they are; the conversations are gone."
        choices = (Choice("y", "yes, delete"), Choice("n", "no"))
        agreed = ask(title, told_sessions(chosen, now=time.time()), choices, Control(), deny="n") == "y"
    if not agreed:
        raise UsageError(
            "nothing was deleted",
            why="you did not agree to it" if is_there else "there is no terminal to agree on",
            hint="--yes deletes without asking",
        )
