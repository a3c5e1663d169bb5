"""A person's own shell in a sandbox: the terminal here is joined to one in the container."""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import sys
import termios
import tty
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Self

from r1code.app.environments import Image, leased_name
from r1code.control import POLL_SECONDS, Control
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.sandbox.base import Limits
from r1code.sandbox.container import USER, Container
from r1code.sandbox.docker import DockerSandbox
from r1code.sandbox.engine import ENGINE_ERRORS, told
from r1code.sandbox.inside import WORK
from r1code.sandbox.network import Network
from r1code.tree.patch import Patch
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.timeline import Origin
from r1code.tree.worktree import WorkTree

Say = Callable[[str], None]
_CHUNK = 1 << 16
_SHELL = ["/bin/sh", "-c", "if [ -x /bin/bash ]; then exec /bin/bash; else exec /bin/sh; fi"]
_WHAT = "the shell in the sandbox could not be used"


class Shell:
    """A sandbox with a copy of the work tree, for a person. Methods raise R1CodeError and Cancelled."""

    def __init__(self, git: Git, image: Image, network: Network, *, state: Path, say: Say) -> None:
        self._git = git
        self._image = image
        self._network = network
        self._state = state
        self._say = say
        self._store = Store(state / "objects")
        self._tree = WorkTree(
            git.root, Listing(git.files, git.ignored), self._store, state=state, hidden=is_secret, origin=Origin
        )
        self._sandbox: DockerSandbox

    @contextmanager
    def opened(self, control: Control) -> Generator[Self, None, None]:
        """Has the container while the block runs."""
        with leased_name(self._state) as owner:
            self._sandbox = DockerSandbox(
                image=self._image.name,
                store=self._store,
                owner=owner,
                limits=Limits(),
                say=self._say,
                git_dir=self._git.root / ".git" if self._git.is_repository else None,
                ignored=lambda paths: self._git.ignored(paths) | {path for path in paths if is_secret(path)},
                network=self._network,
                preparation=self._image.preparation,
            )
            try:
                self._sandbox.sync(self._tree.snapshot(), control)
                yield self
            finally:
                self._sandbox.close()

    def interact(self, control: Control) -> int:
        return interact(self._sandbox.entered(control), control)

    def changes(self, control: Control) -> Patch:
        return self._sandbox.changes(control)

    def bring(self, changed: Patch, control: Control) -> None:
        """Applies it to the work tree. What somebody else changed meanwhile is not overwritten."""
        with self._tree.locked(control):
            self._tree.recover()
            self._tree.apply(changed, "sandbox shell")


def interact(container: Container, control: Control) -> int:
    """Runs a shell until it ends; its exit code. Raises SandboxError and Cancelled."""
    api = container.api
    with told(_WHAT):
        exec_id: str = api.exec_create(
            container.id,
            cmd=_SHELL,
            stdin=True,
            tty=True,
            user=USER,
            workdir=WORK,
            environment={"TERM": os.environ.get("TERM", "xterm")},
        )["Id"]
        stream: Any = api.exec_start(exec_id, socket=True, tty=True)
        connection: socket.socket = getattr(stream, "_sock", stream)

        def resize(_number: int = 0, _frame: FrameType | None = None) -> None:
            size = shutil.get_terminal_size()
            # It may have ended in this very moment.
            with suppress(*ENGINE_ERRORS):
                api.exec_resize(exec_id, height=size.lines, width=size.columns)

        before = signal.signal(signal.SIGWINCH, resize)
        try:
            with _raw():
                _join(connection, control, resize)
        finally:
            signal.signal(signal.SIGWINCH, before)
            getattr(stream, "_response", stream).close()
        return int(api.exec_inspect(exec_id)["ExitCode"] or 0)


def _join(connection: socket.socket, control: Control, began: Callable[[], None]) -> None:
    """Carries bytes both ways until the other side ends. `began`: called once it is there."""
    is_new = True
    connection.settimeout(None)
    here = sys.stdin.fileno()
    while True:
        control.check()
        ready, _, _ = select.select([here, connection], [], [], POLL_SECONDS)
        if connection in ready:
            data = connection.recv(_CHUNK)
            if not data:
                return
            os.write(sys.stdout.fileno(), data)
            if is_new:
                # Before it says something it may not have a terminal yet whose size could be set.
                is_new = False
                began()
        if here in ready:
            data = os.read(here, _CHUNK)
            if not data:
                connection.shutdown(socket.SHUT_WR)
                return
            connection.sendall(data)


@contextmanager
def _raw() -> Generator[None, None, None]:
    """Every key goes to the container, Ctrl-C too."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
