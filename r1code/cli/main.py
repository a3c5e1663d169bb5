"""The command line: flags to configuration to wired objects to exit code."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_HANDLERS = {
    "-p": ("work", "work"),
    "fix": ("work", "work"),
    "verify": ("verify", "verify"),
    "batch": ("batch", "batch"),
    "plan": ("work", "work"),
    "init": ("init", "init"),
    "replay": ("replay", "replay"),
    "undo": ("undo", "go"),
    "redo": ("undo", "go"),
    "rewind": ("undo", "go"),
    "checkpoints": ("undo", "checkpoints"),
    "apply": ("review", "apply"),
    "diff": ("git", "diff"),
    "commit": ("git", "commit"),
    "branch": ("git", "branch"),
    "trust": ("git", "trust"),
    "worktree": ("git", "worktree"),
    "approvals": ("rules", "approvals"),
    "map": ("map", "show"),
    "tests": ("tests", "list_tests"),
    "sandbox": ("sandbox", "handle"),
    "sessions": ("sessions", "sessions"),
    "cost": ("cost", "cost"),
    "why": ("record", "why"),
    "export": ("record", "export"),
    "report": ("report", "report"),
    "resume": ("resume", "resume"),
    "profiles": ("model", "profiles"),
    "model": ("model", "model"),
    "settings": ("settings", "settings"),
    "doctor": ("doctor", "doctor"),
    "serve": ("serve", "serve"),
    "auth": ("auth", "auth"),
    "completion": ("completion", "completion"),
}
"""Command -> the module of the package and its function, which takes the options and returns the exit code."""
_REPORTED = frozenset({"fix", "-p", "plan", "resume"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; README.md has the table."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words == ["--version"]:
        # Answered before anything else is loaded.
        from r1code import __version__

        print(f"r1code {__version__}")
        return 0
    _open_what_is_closed()
    try:
        return _answered(words)
    except KeyboardInterrupt:
        # While all is loaded, and in commands that are over at once; what takes long hears signals by itself.
        return 130


def _answered(words: list[str]) -> int:
    from r1code.errors import Cancelled, R1CodeError
    from r1code.options.grammar import parse
    from r1code.types import ExitCode
    from r1code.ui.language import chosen_language
    from r1code.ui.messages import localized_error, speak
    from r1code.ui.safe import safe

    speak(chosen_language(os.environ))
    try:
        return _run(parse(words))
    except Cancelled:
        return ExitCode.INTERRUPTED
    except R1CodeError as error:
        print(f"r1code: {safe(localized_error(error))}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read the output went away; nothing more can be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _open_what_is_closed() -> None:
    """Standard streams that whoever started this closed (`<&-`) are empty; no other file takes their number."""
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            # The number that is free is taken first; the copy over it stays open in programs that are started.
            os.dup2(os.dup(os.open(os.devnull, os.O_RDWR)), descriptor)
            setattr(sys, name, os.fdopen(descriptor, mode))


def _run(options: argparse.Namespace) -> int:
    if options.version:
        return main(["--version"])
    command = options.command or ("-p" if options.prompt is not None else "")
    if getattr(options, "reports", None) and command not in _REPORTED:
        from r1code.errors import UsageError

        raise UsageError(
            "there is nothing that a report could be about",
            why="--report goes with fix, -p, plan and resume",
            hint="r1code report makes one of a session that was before",
        )
    if command in _HANDLERS:
        module, function = _HANDLERS[command]
        # Only what the command needs is loaded.
        return int(getattr(import_module(f"r1code.cli.{module}"), function)(options))
    if not options.json and sys.stdin.isatty() and sys.stdout.isatty():
        from r1code.cli.repl import repl

        return repl(options)
    from r1code.errors import UsageError

    raise UsageError(
        "there is nothing to do",
        why="neither a task nor a command was given",
        hint="r1code -p 'TASK', or r1code fix --test 'pytest -q'; r1code --help shows all",
    )
