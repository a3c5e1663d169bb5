"""One command in a container: a thread of its own speaks with the engine, a bounded queue joins the two."""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import contextlib
import os
import queue
import shlex
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from docker import APIClient
from docker.errors import DockerException

from r1code.control import POLL_SECONDS
from r1code.errors import StateError
from r1code.sandbox.engine import ENGINE_ERRORS
from r1code.sandbox.inside import Ended

TAKE = ["/bin/sh", "-c", 'IFS= read -r order || exit 125; eval "$(printf %b "$order")"', "sh"]
"""How every process begins: it waits for what it is to do. So it can be started before that is known, for
starting takes the engine longer than most of what is done. And nothing is printed before the client is ready
to read: the engine may send output together with the answer's header, where the client loses it."""

_CHUNK = 1 << 16
_HEADER = struct.Struct(">BxxxL")
_SETTLE_SECONDS = 5.0


def order(script: str, args: tuple[str, ...] = (), env: Mapping[str, str] | None = None) -> bytes:
    """A shell script with its arguments and variables as the one line that TAKE reads."""
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in (env or {}).items())
    text = f"{exports}set -- {shlex.join(args)}\n{script}"
    return os.fsencode(text.replace("\\", "\\\\").replace("\n", "\\n")) + b"\n"


class Exec:
    """A process that runs a script when it is told to. `items` are (STDOUT or STDERR, bytes), then one Ended."""

    def __init__(self, api: APIClient, container_id: str, options: dict[str, Any]) -> None:
        self.items: queue.Queue[tuple[int, bytes] | Ended] = queue.Queue(maxsize=32)
        self.started = time.monotonic()
        self._api = api
        self._container_id = container_id
        self._options = options
        self._order = b""
        self._stdin: Iterable[bytes] | None = None
        self._told = threading.Event()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        # A daemon: it holds nothing that outlives the process, and a stuck engine must not hold an exit.
        threading.Thread(target=self._work, name="r1code-exec", daemon=True).start()

    @property
    def waits(self) -> bool:
        """It can still be told what to do, as far as is known."""
        with self._lock:
            if not self.items.empty() or self._closed.is_set() or self._told.is_set():
                return False
            return self._socket is None or _is_open(self._socket)

    def go(self, what: bytes, stdin: Iterable[bytes] | None = None) -> None:
        """Tells it what to do, once. `stdin` is iterated in a thread; a StateError of it ends the command."""
        self._order, self._stdin = what, stdin
        self._told.set()

    def close(self) -> None:
        """Stops reading. What was not yet told to go never will; what runs must be killed by others."""
        with self._lock:
            self._closed.set()
            self._told.set()
            if self._socket is not None:
                _shut(self._socket)

    def _work(self) -> None:
        ended = Ended(error=RuntimeError("the thread that spoke with the engine broke"))
        try:
            ended = Ended(code=self._serve())
        except (*ENGINE_ERRORS, StateError) as error:
            ended = Ended(error=error)
        finally:
            self._put(ended)

    def _serve(self) -> int | None:
        exec_id: str = self._api.exec_create(self._container_id, cmd=TAKE, stdin=True, **self._options)["Id"]
        if self._closed.is_set():
            return None
        stream: Any = self._api.exec_start(exec_id, socket=True)
        # The SDK hands out its reader; what can be written to and woken up is below it (except for TLS).
        connection: socket.socket = getattr(stream, "_sock", stream)
        try:
            connection.settimeout(None)
            with self._lock:
                self._socket = connection
            self._told.wait()
            with self._lock:
                if self._closed.is_set():
                    return None
                connection.sendall(self._order)
            self._exchange(connection)
        finally:
            with self._lock:
                self._socket = None
                _shut(connection)
            getattr(stream, "_response", stream).close()
        return self._exit_code(exec_id)

    def _exchange(self, connection: socket.socket) -> None:
        sender: threading.Thread | None = None
        failed: list[StateError] = []
        if self._stdin is not None:
            sender = threading.Thread(target=_send, args=(connection, self._stdin, failed), daemon=True)
            sender.start()
        try:
            for frame in frames(connection.recv):
                self._put(frame)
        finally:
            if sender is not None:
                _shut(connection)
                sender.join()
        if failed:
            raise failed[0]

    def _exit_code(self, exec_id: str) -> int | None:
        deadline = time.monotonic() + _SETTLE_SECONDS
        while not self._closed.is_set():
            state = self._api.exec_inspect(exec_id)
            if not state["Running"] and state["ExitCode"] is not None:
                return int(state["ExitCode"])
            if time.monotonic() > deadline:
                raise DockerException("the engine does not say how a command ended")
            time.sleep(POLL_SECONDS / 5)
        return None

    def _put(self, item: tuple[int, bytes] | Ended) -> None:
        while not self._closed.is_set():
            try:
                self.items.put(item, timeout=POLL_SECONDS)
            except queue.Full:
                continue
            return


def frames(receive: Callable[[int], bytes]) -> Iterator[tuple[int, bytes]]:
    """The parts of a multiplexed stream as they come; a part of a frame is a part."""
    pending = b""
    number, left = 0, 0
    while data := receive(_CHUNK):
        pending += data
        while pending:
            if not left:
                if len(pending) < _HEADER.size:
                    break
                number, left = _HEADER.unpack_from(pending)
                pending = pending[_HEADER.size :]
                continue
            part, pending = pending[:left], pending[left:]
            left -= len(part)
            yield number, part


def _send(connection: socket.socket, source: Iterable[bytes], failed: list[StateError]) -> None:
    try:
        for data in source:
            connection.sendall(data)
    except StateError as error:
        failed.append(error)
        # What waits for the rest must not wait any longer.
        _shut(connection)
    except OSError:
        # The other side may end early; its exit code and its words say why.
        return


def _is_open(connection: socket.socket) -> bool:
    """Whether the other side of a silent connection is still there, as far as that can be asked."""
    if type(connection) is not socket.socket:
        return False
    try:
        return bool(connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return True
    except OSError:
        return False


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
