"""The tools that a session's model is offered, and what runs after its edits."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from functools import cached_property

from msgspec import Struct

from r1code.app.consent import Consent
from r1code.app.language_servers import check_language_servers, language_servers
from r1code.config import Config
from r1code.errors import UsageError
from r1code.repair.places import text_of
from r1code.repair.protected import is_protected
from r1code.repo.index.index import Index
from r1code.repo.index.syntax import Syntax
from r1code.sandbox.base import Sandbox
from r1code.secrets.vault import Vault
from r1code.tools.added import Added
from r1code.tools.background import Background
from r1code.tools.diagnostics import Diagnostics
from r1code.tools.hooks import Hook, HookKind, Hooks, detected
from r1code.tools.list import List
from r1code.tools.logs import Logs
from r1code.tools.outputs import Outputs
from r1code.tools.read import Read
from r1code.tools.replace import Replace
from r1code.tools.run import Run
from r1code.tools.search import Search
from r1code.tools.stop import Stop
from r1code.tools.symbols import Symbols
from r1code.tools.test import Test
from r1code.tools.toolset import Toolset
from r1code.tools.writes import WRITES
from r1code.tree.worktree import WorkTree
from r1code.types import TestReport


class Sources(Struct, frozen=True, kw_only=True):
    """Where tools look besides the tree that they work in."""

    project: WorkTree
    """The person's work tree, which says its hooks."""
    added: Added
    index: Index
    syntax: Syntax


class Toolbox:
    """`edits`: the tools that change files, by name."""

    def __init__(
        self, edits: Sequence[str], config: Config, consent: Consent, vault: Vault, *, sources: Sources
    ) -> None:
        check_language_servers(config)
        self._edits = edits
        self._config = config
        self._consent = consent
        self._vault = vault
        self._sources = sources

    def toolset(
        self,
        tree: WorkTree,
        sandbox: Sandbox,
        before: TestReport | None,
        outputs: Outputs,
        *,
        guard: Callable[[str], bool] | None,
    ) -> Toolset:
        """What an agent that works in `tree` may do. `guard`: not to paths that it holds for."""
        protected = self._consent.protecting(guard or _nothing)
        background = Background(tree, sandbox, protected)
        hide = self._vault.hide
        symbols = Symbols(tree, self._sources.index, hide)
        toolset = Toolset(
            tree,
            reads=[
                Read(tree, hide, outputs, self._sources.added),
                List(tree, symbols, self._sources.added),
                Search(tree, hide, symbols, self._sources.added),
                Logs(background),
                Stop(background),
            ],
            writes=[tool for tool in WRITES if tool.name in self._edits],
            execs=[Run(tree, sandbox, protected, background), Test(tree, sandbox, self._config.test, before)],
            protected=protected,
            hooks=Hooks(tree, sandbox, self._hooks, protected),
        )
        toolset.beside(background).restoring(self._vault.restore).keeping(outputs)
        servers = language_servers(self._config, sandbox, tree, hide)
        return toolset.reading(self._sources.added).checking(Diagnostics(tree, self._sources.syntax, servers))

    def naming(self, tree: WorkTree, outputs: Outputs) -> Toolset:
        """What a pipeline that asks for places offers: reading, and changing what is not protected."""
        writes = [tool for tool in WRITES if tool.name in self._edits]
        protected = self._consent.protecting(is_protected)
        reads = [Read(tree, self._vault.hide, outputs)]
        toolset = Toolset(tree, reads=reads, writes=writes, execs=[], protected=protected)
        return toolset.restoring(self._vault.restore).keeping(outputs)

    def replacing(self, tree: WorkTree) -> Toolset:
        """Only definitions may be replaced, and nothing that is protected."""
        toolset = Toolset(tree, reads=[], writes=[Replace()], execs=[], protected=is_protected)
        return toolset.restoring(self._vault.restore)

    @cached_property
    def _hooks(self) -> tuple[Hook, ...]:
        """What runs after edits: as configured, else as the project is set up for."""
        found: list[Hook] = []
        asked: dict[HookKind, str | None] = {"format": self._config.format, "lint": self._config.lint}
        for kind, command in asked.items():
            # What nobody named is not run without a sandbox.
            if command is None and self._config.sandbox == "none":
                continue
            if command is None:
                found += [
                    hook
                    for hook in detected(lambda name: text_of(self._sources.project, name))
                    if hook.kind == kind
                ]
            elif command != "off":
                _refuse_no_command(kind, command)
                found.append(Hook(kind=kind, command=command))
        return tuple(found)


def _nothing(_path: str) -> bool:
    return False


def _refuse_no_command(kind: str, command: str) -> None:
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise UsageError(
            f"the setting {kind} = {command!r} cannot be used",
            why="it is no command that a shell could run",
            hint=f"correct it, or turn it off with {kind} = off",
        )
