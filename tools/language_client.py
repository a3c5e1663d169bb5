"""The protocol of language servers, by pygls, over a connection of a sandbox."""

# pygls leaves open what its handlers are given.
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lsprotocol import types as lsp
from pygls.io_ import run
from pygls.lsp.client import LanguageClient

from r1code import __version__
from r1code.control import Control
from r1code.sandbox.base import Connected

POLL_SECONDS = 0.5
_MOST_MESSAGE_BYTES = 50_000_000
_MOST_HEADER_BYTES = 10_000
_AGREED = (
    lsp.CLIENT_REGISTER_CAPABILITY,
    lsp.CLIENT_UNREGISTER_CAPABILITY,
    lsp.WINDOW_WORK_DONE_PROGRESS_CREATE,
)
"""Nothing follows from these, but a server may wait for an answer."""

# It logs what servers do wrong, and where nobody listens that goes to the terminal.
logging.getLogger("pygls").addHandler(logging.NullHandler())
logging.getLogger("pygls").propagate = False

_CAPABILITIES = lsp.ClientCapabilities(
    text_document=lsp.TextDocumentClientCapabilities(
        publish_diagnostics=lsp.PublishDiagnosticsClientCapabilities(version_support=True),
        synchronization=lsp.TextDocumentSyncClientCapabilities(),
    ),
    workspace=lsp.WorkspaceClientCapabilities(workspace_folders=True, configuration=True),
)


def client_of(connected: Connected, take: Callable[[lsp.PublishDiagnosticsParams], None]) -> LanguageClient:
    """What speaks LSP over `connected`, once somebody listens; `take` gets what is published, in that thread."""
    client = LanguageClient("r1code", __version__)
    client.protocol.set_writer(_Writer(connected))

    def published(params: lsp.PublishDiagnosticsParams) -> None:
        take(params)

    def configuration(params: lsp.ConfigurationParams) -> list[None]:
        # It is as its own files in the project say.
        return [None for _ in params.items]

    # Without a type pygls would hand itself over as well.
    def agreed(
        params: lsp.RegistrationParams | lsp.UnregistrationParams | lsp.WorkDoneProgressCreateParams,
    ) -> None:
        del params

    client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(published)
    client.feature(lsp.WORKSPACE_CONFIGURATION)(configuration)
    for name in _AGREED:
        # pygls marks what it is given.
        client.feature(name)(partial(agreed))
    return client


def initialising(folder: str) -> lsp.InitializeParams:
    """What a server is told first. `folder`: the work tree, as it sees it."""
    uri = Path(folder).as_uri()
    return lsp.InitializeParams(
        # It may be in another container, where our number means another process.
        process_id=None,
        root_uri=uri,
        workspace_folders=[lsp.WorkspaceFolder(uri=uri, name=Path(folder).name)],
        capabilities=_CAPABILITIES,
    )


def listen(client: LanguageClient, connected: Connected, over: threading.Event, control: Control) -> None:
    """Takes what comes, until the other side ends or says what is none of the protocol.

    Raises Cancelled and SandboxError.
    """
    run(over, _Reader(connected, control), client.protocol)


class _Reader:
    """What pygls reads a connection with."""

    def __init__(self, connected: Connected, control: Control) -> None:
        self._connected = connected
        self._control = control
        self._buffer = bytearray()
        self._ended = False

    def readline(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _MOST_HEADER_BYTES or not self._more():
                return b""
        return self._taken(end + 1)

    def read(self, n: int) -> bytes:
        if n > _MOST_MESSAGE_BYTES:
            return b""
        while len(self._buffer) < n:
            if not self._more():
                return b""
        return self._taken(n)

    def _taken(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _more(self) -> bool:
        while True:
            try:
                data = self._connected.read(self._control, POLL_SECONDS)
            except TimeoutError:
                continue
            self._buffer += data
            return bool(data)


class _Writer:
    def __init__(self, connected: Connected) -> None:
        self._connected = connected

    def write(self, data: bytes) -> None:
        self._connected.write(data)

    def close(self) -> None:
        """The connection is closed by whoever made it."""
