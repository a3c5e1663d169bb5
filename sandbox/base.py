"""Where commands run: the contract that every sandbox keeps."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Protocol

from msgspec import Struct

from r1code.control import Control
from r1code.tree.patch import Patch
from r1code.tree.snapshot import Snapshot
from r1code.types import ExecResult

Say = Callable[[str], None]
"""Told about long work in words for a person. Contract: must not raise."""


Only = Callable[[str], bool]
"""Which paths are meant."""


def anything(_path: str) -> bool:
    return True


class Limits(Struct, frozen=True, kw_only=True):
    """What one sandbox may use. Every limit that is hit is reported in the result of the command."""

    memory_mb: int = 4096
    """Memory and the files of the work tree together: the tree lies in memory."""
    disk_mb: int = 1024
    """Size of the work tree inside; of /tmp and of the home folder, too."""
    files: int = 200_000
    """Files and folders in each of these."""
    cpus: float = 2.0
    pids: int = 512
    output_bytes: int = 200_000
    """Kept of one command's output: the first and the last half. The rest is counted and dropped."""
    flood_bytes: int = 100_000_000
    """A command that prints more than this is killed."""
    seconds: float = 600.0
    """Default time limit of one command."""


class Spawned(Protocol):
    """A command that goes on while others run. It ends by itself, by `stop`, or with its sandbox."""

    @property
    def ended(self) -> str | None:
        """How it ended, in words; None: it still runs, as far as is known."""
        ...

    def output(self) -> str:
        """What it printed since this was last asked: the first and the last of it, and how much lay between."""
        ...

    def stop(self) -> None:
        """Kills all that it started. Safe to call again; raises nothing."""
        ...


class Connected(Protocol):
    """A command that is spoken with: bytes go in and come out as they are. Its errors are not shown."""

    def read(self, control: Control, seconds: float) -> bytes:
        """More of what it prints, empty at its end. Raises TimeoutError, Cancelled and SandboxError."""
        ...

    def write(self, data: bytes) -> None:
        """Sends `data` after what was sent before. Does not wait; after its end, nobody reads it."""
        ...

    def stop(self) -> None:
        """Kills it. Safe to call again, and from any thread; raises nothing."""
        ...


class Sandbox(Protocol):
    """A place with a work tree of its own. Methods raise only SandboxError and Cancelled.

    Infrastructure that fails is a SandboxError; a command that fails is an ExecResult.
    """

    in_place: bool
    """Commands run in the work tree itself: what they changed is there already."""

    @property
    def kind(self) -> str:
        """Where commands run, and how confined, in words for a person; final once it was started."""
        ...

    @property
    def folder(self) -> str:
        """The absolute path of the work tree, as commands see it; known once it was started."""
        ...

    def start(self, control: Control) -> None:
        """Makes it ready to run commands. Does nothing when it is."""
        ...

    def sync(self, snapshot: Snapshot, control: Control) -> None:
        """Makes every path of `snapshot` inside equal to it, and removes what it lacks of the tree that is known.

        That is the last snapshot, with the changes that were asked for since. Files that commands made inside and
        that are in neither stay. Where a spawned command may have written since changes were last asked for, only
        those paths are touched in which `snapshot` differs from the tree that is known.
        """
        ...

    def run(
        self,
        command: str,
        control: Control,
        *,
        env: dict[str, str] | None = None,
        seconds: float | None = None,
        quiet: bool = False,
    ) -> Generator[str, None, ExecResult]:
        """Runs a shell command in the work tree: yields its output as it comes, returns the result.

        On a cancel, or when the generator is closed, everything that the command started is killed. The output
        ends with what the network refused since that was last told; `quiet` leaves it for the next who asks.
        """
        ...

    def refused(self, control: Control) -> str:
        """What the network refused since that was last told, as a line; or nothing."""
        ...

    def spawn(self, command: str, control: Control, *, env: dict[str, str] | None = None) -> Spawned:
        """Starts a shell command in the work tree that goes on: a server, a watcher. PYTHONUNBUFFERED is set.

        Commands of `run` reach its ports, `sync` goes on under it, and `changes` has what it wrote. What ends a
        command of `run` spares it. Where the place of all commands is lost or closed, it is gone with that.
        """
        ...

    def connect(self, command: str, control: Control, *, env: dict[str, str] | None = None) -> Connected:
        """As `spawn`, for a command that is spoken with. What it reads and prints is not looked at."""
        ...

    def changes(self, control: Control, only: Only = anything) -> Patch:
        """What commands changed inside since the last sync, and since this was last asked; contents in the store.

        It starts from the tree that is known, of which it becomes a part. Ignored, secret and unsafe paths are
        left out, and those that `only` does not hold for; these come another time.
        """
        ...

    def read(self, path: str, control: Control) -> bytes | None:
        """The bytes of an absolute path inside, read through the engine; None if there is no such file.

        Raises TooLargeError, which is a SandboxError, for more than it would hold.
        """
        ...

    def close(self) -> None:
        """Releases everything. Safe to call again; raises nothing."""
        ...
