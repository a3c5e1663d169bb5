"""The flags of what is around the work: keys, completion in a shell, an answer for a program."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from r1code.options.report import add_report_flag


def add_auth(add: Callable[..., argparse.ArgumentParser]) -> None:
    auth = add("auth", help="keep the keys of models' servers: in the system's keyring, or in a private file")
    auth.add_argument("--json", action="store_true", help="as JSON")
    actions = auth.add_subparsers(dest="action", metavar="ACTION")
    login = actions.add_parser("login", help="keep a key, which is typed unseen, or read from standard input")
    login.add_argument("profile", nargs="?", metavar="PROFILE", help="the one that uses it (the chosen one)")
    logout = actions.add_parser("logout", help="delete a key")
    logout.add_argument("profile", metavar="PROFILE", help="the one that used it, or its variable")
    listed = actions.add_parser("list", help="which keys there are, and from where; never the keys")
    listed.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="as JSON")


def add_output(common: argparse.ArgumentParser) -> None:
    output = common.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="events as JSON lines (docs/events.md)")
    output.add_argument("--color", choices=["auto", "always", "never"], help="colour (auto)")
    output.add_argument("--log-file", metavar="FILE", help="append what happens to FILE (docs/headless.md)")
    output.add_argument(
        "--debug-http",
        action="store_true",
        default=None,
        help="with --log-file: requests to the model's server and its answers as well, without keys",
    )
    output.add_argument(
        "--traces",
        metavar="URL",
        help="tell an OTLP collector how long turns, requests and tools took (docs/traces.md)",
    )


def add_around(whole: argparse.ArgumentParser) -> None:
    add_report_flag(whole)
    whole.add_argument(
        "--watch",
        action="store_true",
        help="in the REPL: comments that end with AI! or AI? start turns when you save them (docs/repl.md)",
    )
    whole.add_argument(
        "--output-schema",
        metavar="FILE",
        help="with -p: the final answer is JSON by this JSON Schema, and all that standard output gets",
    )


def add_completion(add: Callable[..., argparse.ArgumentParser]) -> None:
    completion = add("completion", help="the script with which a shell completes commands and flags")
    completion.add_argument("shell", choices=["bash", "zsh", "fish"], metavar="SHELL", help="bash, zsh or fish")
