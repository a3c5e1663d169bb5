"""The language servers of a work tree: started when an edit wants one, in the sandbox of its commands."""

from __future__ import annotations

from collections.abc import Mapping

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.repo.files import decode, is_binary
from r1code.repo.index.languages import language_of
from r1code.sandbox.base import Sandbox
from r1code.secrets.values import Hide
from r1code.tools.diagnostics import DIAGNOSTIC, Edited
from r1code.tools.language_server import Document, Finding, Patience, Server
from r1code.tree.worktree import WorkTree

MOST_TOLD = 10
MOST_STARTS = 2
_MOST_CHARS = 300
_GRACE_SECONDS = 1.0
"""How long an edit waits for a server that has answered before; who comes later is told with what follows."""
_ALSO = {"tsx": ("typescript",), "header": ("cpp", "c")}
"""Whose server takes a language that has none of its own."""
_CALLED = {"tsx": "typescriptreact", "header": "cpp", "bash": "shellscript", "make": "makefile"}
"""What LSP calls a language, where it calls it otherwise."""


class LanguageServers:
    """`commands`: by language, as the index names them. `hide` goes over every text that a server gets.

    A server ends with the sandbox. One that ends before that, or hangs, is started once more.
    """

    def __init__(
        self,
        tree: WorkTree,
        sandbox: Sandbox,
        commands: Mapping[str, str],
        hide: Hide,
        *,
        patience: Patience | None = None,
    ) -> None:
        self._tree = tree
        self._sandbox = sandbox
        self._commands = commands
        self._hide = hide
        self._patience = patience or Patience()
        self._servers: dict[str, Server] = {}
        """By command."""
        self._starts: dict[str, int] = {}
        self._troubles: list[str] = []

    def look(self, edited: Edited, control: Control) -> None:
        wanted: dict[str, list[Document]] = {}
        for path, (before, after) in edited.items():
            found = self._command(path)
            if found is not None and not any(data is not None and is_binary(data) for data in (before, after)):
                command, language = found
                document = Document(
                    path=path, language=language, before=self._text(before), after=self._text(after)
                )
                wanted.setdefault(command, []).append(document)
        for command, documents in wanted.items():
            server = self._server(command, control)
            for document in documents if server is not None else []:
                if server is not None:
                    server.look(document)
        for command in wanted.keys() & self._servers.keys():
            if self._servers[command].has_answered:
                self._servers[command].settle(_GRACE_SECONDS)

    def news(self) -> list[str]:
        found: dict[str, list[Finding]] = {}
        for server in self._servers.values():
            found |= server.news()
        return _told(found)

    def troubles(self) -> list[str]:
        told, self._troubles = self._troubles, []
        return told

    def _command(self, path: str) -> tuple[str, str] | None:
        """The command of the server for a file, and what LSP calls its language."""
        language = language_of(path)
        if language is None:
            return None
        names = (language.name, *_ALSO.get(language.name, ()))
        command = next((self._commands[name] for name in names if name in self._commands), None)
        called = "javascriptreact" if path.endswith(".jsx") else _CALLED.get(language.name, language.name)
        return None if command is None else (command, called)

    def _text(self, data: bytes | None) -> str | None:
        return None if data is None else self._hide(decode(data).text)

    def _server(self, command: str, control: Control) -> Server | None:
        """The one that runs, else a new one, if there may be one."""
        server = self._servers.get(command)
        if server is not None and server.failure is None:
            self._sandbox.sync(self._tree.snapshot(), control)
            return server
        if server is not None:
            del self._servers[command]
            self._give_up(command, server.failure or "")
        if self._starts.get(command, 0) >= MOST_STARTS:
            return None
        self._starts[command] = self._starts.get(command, 0) + 1
        try:
            self._sandbox.start(control)
            self._sandbox.sync(self._tree.snapshot(), control)
            connected = self._sandbox.connect(command, control)
        except SandboxError as error:
            self._give_up(command, error.why)
            return None
        self._servers[command] = Server(connected, self._sandbox.folder, self._patience)
        return self._servers[command]

    def _give_up(self, command: str, why: str) -> None:
        if self._starts.get(command, 0) >= MOST_STARTS:
            self._troubles.append(
                f"no more diagnostics from the language server `{command}`: {why}; it has to be installed where "
                "commands run (docs/diagnostics.md)"
            )


def _told(found: Mapping[str, list[Finding]]) -> list[str]:
    """Errors first; the first of them, and how many more there are."""
    lines: list[str] = []
    for kind in ("error", "warning"):
        for path in sorted(found):
            told = [one for one in found[path] if one.kind == kind]
            lines += [f"{DIAGNOSTIC}{path}:{one.line}: new {kind}: {one.message[:_MOST_CHARS]}" for one in told]
    left = len(lines) - MOST_TOLD
    return [*lines[:MOST_TOLD], *([f"{DIAGNOSTIC}and {left} more"] if left > 0 else [])]
