"""The language servers that a person has configured."""

from __future__ import annotations

import importlib.util
import shlex

from r1code.config import Config
from r1code.errors import UsageError
from r1code.repo.index.languages import languages
from r1code.sandbox.base import Sandbox
from r1code.secrets.values import Hide
from r1code.tools.diagnostics import Checking
from r1code.tree.worktree import WorkTree

EXTRA = "lsp"


def check_language_servers(config: Config) -> None:
    """Raises UsageError for a setting that could not work."""
    known = sorted(name for name, one in languages().items() if not one.among)
    for name, command in config.language_servers.items():
        why = ""
        if name not in known:
            why = f"{name!r} is no language that r1code knows"
        elif not _words(command):
            why = f"{command!r} is no command that a shell could run"
        if why:
            raise UsageError(
                f"the setting language_servers.{name} cannot be used",
                why=why,
                hint=f"correct or remove it; the languages are: {', '.join(known)}",
            )
    if config.language_servers and importlib.util.find_spec("pygls") is None:
        raise UsageError(
            "the setting language_servers cannot be used",
            why="what speaks with language servers is not installed: it is an extra of r1code",
            hint=f"pip install 'r1code[{EXTRA}]', or remove the setting",
        )


def language_servers(config: Config, sandbox: Sandbox, tree: WorkTree, hide: Hide) -> Checking | None:
    """What asks them about edits in `tree`; None: there are none."""
    if not config.language_servers:
        return None
    from r1code.tools.language_servers import LanguageServers

    return LanguageServers(tree, sandbox, config.language_servers, hide)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []
