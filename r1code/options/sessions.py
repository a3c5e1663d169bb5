"""The flags of sessions: `r1code sessions`, and `--continue`."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_continue(whole: argparse.ArgumentParser) -> None:
    whole.add_argument(
        "-c",
        "--continue",
        dest="continues",
        metavar="SESSION",
        nargs="?",
        const="",
        help="go on with this session (the last one here), in the REPL or with -p: it knows what was before",
    )


def add_sessions(add: Callable[..., argparse.ArgumentParser]) -> None:
    sessions = add("sessions", help="list, search, rename, fork and delete sessions (docs/sessions.md)")
    _add_listing(sessions)
    actions = sessions.add_subparsers(dest="action", metavar="ACTION")
    # What was said before the word `list` counts as well.
    _add_listing(actions.add_parser("list", help="those of this project, newest first"), again=True)
    show = actions.add_parser("show", help="its turns and steps, with their numbers")
    _add_session(show)
    show.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="as JSON")
    rename = actions.add_parser("rename", help="give it a title")
    _add_session(rename)
    rename.add_argument("title", metavar="TITLE")
    fork = actions.add_parser("fork", help="a new session with the same history, or the beginning of it")
    _add_session(fork)
    fork.add_argument("--at", type=int, metavar="STEP", help="up to this step (all of it)")
    fork.add_argument("--tree", action="store_true", help="with --at: the files, too, go back to what they were")
    delete = actions.add_parser("delete", help="delete sessions; your files stay as they are")
    delete.add_argument("sessions", nargs="*", metavar="SESSION", help="ids, or parts of them")
    delete.add_argument(
        "--older-than", metavar="TIME", help="those of this project that were not used for so long: 30d, 12h"
    )
    delete.add_argument(
        "--all", action="store_true", default=argparse.SUPPRESS, help="with --older-than: of all projects"
    )
    delete.add_argument("--yes", action="store_true", help="without asking")
    _add_folder(delete, again=True)


def _add_listing(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    off = argparse.SUPPRESS if again else False
    parser.add_argument("--all", action="store_true", default=off, help="those of all projects")
    parser.add_argument("--json", action="store_true", default=off, help="as JSON")
    parser.add_argument(
        "--search",
        metavar="WORDS",
        default=argparse.SUPPRESS if again else None,
        help="those in which all of the words were said, or name a file that was changed",
    )
    _add_folder(parser, again=again)


def _add_folder(parser: argparse.ArgumentParser, *, again: bool) -> None:
    default = argparse.SUPPRESS if again else "."
    parser.add_argument("-C", dest="folder", metavar="FOLDER", default=default, help="the project in FOLDER")


def _add_session(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help="its id, or a part of that")
