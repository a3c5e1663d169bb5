"""One language server: spoken with in threads of its own, so that nobody waits for it."""

# pygls leaves open what its handlers are given, and cattrs what it converts.
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lsprotocol import types as lsp
from msgspec import Struct
from pygls.exceptions import JsonRpcException

from r1code.control import Control
from r1code.errors import Cancelled, SandboxError
from r1code.sandbox.base import Connected
from r1code.tools.language_client import POLL_SECONDS, client_of, initialising, listen

_MOST_FINDINGS = 1_000
"""Of one file; what comes after is not looked at."""
_MOST_FILES = 1_000
"""A server may speak about files that nobody asked about."""
_SETTLE_SECONDS = 0.3
"""Some say what they think of the syntax first, and the rest a moment later."""
_MOST_SILENT = 2
_SERIOUS = {lsp.DiagnosticSeverity.Error: "error", lsp.DiagnosticSeverity.Warning: "warning"}


class Patience(Struct, frozen=True, kw_only=True):
    """Seconds: for its start, and for what it thinks of one file."""

    start: float = 60.0
    file: float = 30.0


class Finding(Struct, frozen=True, kw_only=True):
    line: int
    """From 1."""
    kind: str
    """`error` or `warning`."""
    message: str
    source: str
    """The text of the line."""


class Document(Struct, frozen=True, kw_only=True):
    """An edit of one file, as the server is to see it."""

    path: str
    """In the work tree."""
    language: str
    """As LSP calls it."""
    before: str | None
    after: str | None
    """None: there was no such file, or there is none any more."""


class _Published(Struct, frozen=True, kw_only=True):
    version: int | None
    number: int
    """How many came before it, of all files."""
    findings: tuple[lsp.Diagnostic, ...]


class _HangsError(Exception):
    """It says nothing."""


class Server:
    """Looks at documents one after another. Safe for any thread; nothing here waits for it, but `settle`.

    `connected`: how it is reached. `folder`: the work tree, as the server sees it.
    """

    def __init__(self, connected: Connected, folder: str, patience: Patience) -> None:
        self._connected = connected
        self._folder = folder
        self._patience = patience
        self._control = Control()
        self._changed = threading.Condition()
        self._published: dict[str, _Published] = {}
        self._number = 0
        self._open: dict[str, tuple[int, str]] = {}
        """Path -> the version and the text that it has of the file. For the worker alone."""
        self._silent = 0
        self._pending: Counter[str] = Counter()
        self._known: dict[str, tuple[Finding, ...] | None] = {}
        """What was found in a file when the model last heard of it; None: nobody knows."""
        self._found: dict[str, tuple[Finding, ...]] = {}
        """What is found now, where the model has not heard of it."""
        self._documents: queue.SimpleQueue[Document | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self.has_answered = False
        """Whether it has said anything of a file."""
        self.failure: str | None = None
        """Why it can be asked no more."""
        self._client = client_of(connected, self._take)
        for target, name in ((self._read, "r1code-lsp-read"), (self._work, "r1code-lsp")):
            threading.Thread(target=target, name=name, daemon=True).start()

    def look(self, document: Document) -> None:
        """Looks at it, some time."""
        with self._changed:
            self._pending[document.path] += 1
        self._documents.put(document)

    def settle(self, seconds: float) -> None:
        """Waits until all was looked at, or that long."""
        with self._changed:
            self._changed.wait_for(lambda: self.failure is not None or not self._pending.total(), seconds)

    def news(self) -> dict[str, list[Finding]]:
        """What is found now, by path, that was found neither before the edit nor when this was last asked."""
        told: dict[str, list[Finding]] = {}
        with self._changed:
            for path in [path for path in self._found if not self._pending[path]]:
                found, known = self._found.pop(path), self._known.get(path)
                fresh = [] if known is None else _fresh(known, found)
                self._known[path] = found
                if fresh:
                    told[path] = fresh
        return told

    def stop(self, why: str = "it was stopped") -> None:
        """Ends it, and the threads. Safe to call again; raises nothing."""
        with self._changed:
            self.failure = self.failure or why
            self._changed.notify_all()
        self._over.set()
        self._control.cancel()
        self._documents.put(None)
        self._connected.stop()

    def _read(self) -> None:
        try:
            listen(self._client, self._connected, self._over, self._control)
        except Cancelled:
            return
        except SandboxError as error:
            self.stop(error.why)
        finally:
            self.stop("it ended")

    def _work(self) -> None:
        try:
            self._initialise()
            while (document := self._documents.get()) is not None:
                self._check(document)
                with self._changed:
                    self._pending[document.path] -= 1
                    self._changed.notify_all()
        except _HangsError:
            self.stop("it does not answer")
        except (JsonRpcException, CancelledError) as error:
            self.stop(f"it refuses to start: {error}")
        finally:
            self.stop()

    def _initialise(self) -> None:
        asked = self._client.initialize(initialising(self._folder))
        deadline = time.monotonic() + self._patience.start
        while not asked.done():
            if self._over.wait(POLL_SECONDS / 10):
                raise CancelledError
            if time.monotonic() > deadline:
                raise _HangsError
        asked.result()
        self._client.initialized(lsp.InitializedParams())

    def _check(self, document: Document) -> None:
        path = document.path
        if document.after is None:
            self._close(document)
            return
        if path not in self._open:
            known: tuple[Finding, ...] | None = ()
            if document.before is not None:
                known = self._told(document, document.before)
            with self._changed:
                self._known[path] = known
        found = self._told(document, document.after)
        with self._changed:
            if found is not None:
                self._found[path] = found

    def _told(self, document: Document, text: str) -> tuple[Finding, ...] | None:
        """Shows it a text; what it finds. None: it did not say."""
        path, uri = document.path, self._uri(document.path)
        with self._changed:
            number = self._number
        version = self._open.get(path, (0, ""))[0] + 1
        if path in self._open:
            self._client.text_document_did_change(
                lsp.DidChangeTextDocumentParams(
                    text_document=lsp.VersionedTextDocumentIdentifier(uri=uri, version=version),
                    content_changes=[lsp.TextDocumentContentChangeWholeDocument(text=text)],
                )
            )
        else:
            item = lsp.TextDocumentItem(uri=uri, language_id=document.language, version=version, text=text)
            self._client.text_document_did_open(lsp.DidOpenTextDocumentParams(text_document=item))
        self._open[path] = (version, text)
        published = self._answer(path, version, number)
        if published is None:
            self._silent += 1
            if self._silent >= _MOST_SILENT:
                raise _HangsError
            return None
        self._silent, self.has_answered = 0, True
        return _findings(published, text)

    def _close(self, document: Document) -> None:
        if self._open.pop(document.path, None) is not None:
            params = lsp.TextDocumentIdentifier(uri=self._uri(document.path))
            self._client.text_document_did_close(lsp.DidCloseTextDocumentParams(text_document=params))
        with self._changed:
            self._known.pop(document.path, None)
            self._found.pop(document.path, None)

    def _answer(self, path: str, version: int, number: int) -> _Published | None:
        """The last that it says of this version. `number`: of the last that came before it was asked."""
        place = f"{self._folder}/{path}"
        found, seconds = None, self._patience.file
        with self._changed:
            while one := self._newer(place, version, number, seconds):
                found, number, seconds = one, one.number, _SETTLE_SECONDS
        return found

    def _newer(self, place: str, version: int, number: int, seconds: float) -> _Published | None:
        """What comes about this version within that time. The lock is held."""

        def new() -> _Published | None:
            one = self._published.get(place)
            return one if one and one.number > number and one.version in {None, version} else None

        self._changed.wait_for(lambda: self._over.is_set() or new() is not None, seconds)
        return new()

    def _take(self, params: lsp.PublishDiagnosticsParams) -> None:
        place = unquote(urlsplit(params.uri).path)
        with self._changed:
            if place not in self._published and len(self._published) >= _MOST_FILES:
                return
            self._number += 1
            self._published[place] = _Published(
                version=params.version,
                number=self._number,
                findings=tuple(params.diagnostics[:_MOST_FINDINGS]),
            )
            self._changed.notify_all()

    def _uri(self, path: str) -> str:
        return Path(self._folder, path).as_uri()


def _findings(published: _Published, text: str) -> tuple[Finding, ...]:
    """By line; what is only a hint is left out."""
    lines = text.split("\n")
    found: list[Finding] = []
    for one in published.findings:
        row = one.range.start.line
        kind = _SERIOUS.get(one.severity or lsp.DiagnosticSeverity.Error)
        if kind is not None:
            source = lines[row].strip() if row < len(lines) else ""
            # Some explain at length, on more lines.
            message = " ".join(one.message.split())
            found.append(Finding(line=row + 1, kind=kind, message=message, source=source))
    return tuple(sorted(found, key=lambda each: each.line))


def _fresh(known: tuple[Finding, ...], found: tuple[Finding, ...]) -> list[Finding]:
    """Those of `found` that are not among `known`, whose lines may have moved or changed."""
    left = list(found)
    rest = list(known)
    for same in (_as_it_stands, _as_it_says):
        there = Counter(map(same, rest))
        kept: list[Finding] = []
        for one in left:
            key = same(one)
            if there[key]:
                there[key] -= 1
                rest.remove(next(other for other in rest if same(other) == key))
            else:
                kept.append(one)
        left = kept
    return left


Key = Callable[[Finding], tuple[str, ...]]


def _as_it_stands(one: Finding) -> tuple[str, ...]:
    return one.kind, one.message, one.source


def _as_it_says(one: Finding) -> tuple[str, ...]:
    return one.kind, one.message
