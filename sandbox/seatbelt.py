"""Commands under macOS's Seatbelt. The profile and the command line are tested, but were never run on macOS.

The profile language is that of `sandbox-exec`, whose man page calls it deprecated; browsers and Apple's own
programs live by it. Seatbelt limits what may be opened, not how much: memory, processes and disk have no limit.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from r1code.control import Control
from r1code.errors import SandboxError, StateError, ToolError
from r1code.sandbox.base import Connected, Only, Spawned, anything
from r1code.sandbox.copied import Copying
from r1code.sandbox.gitdir import LeftOutError
from r1code.sandbox.host import HostSandbox
from r1code.sandbox.manifest import printable, stays_inside
from r1code.tree.caches import CACHES, in_cache
from r1code.tree.entry import is_folder, parents
from r1code.tree.patch import FileChange, Patch
from r1code.tree.scan import Listing
from r1code.tree.snapshot import Snapshot
from r1code.tree.worktree import WorkTree
from r1code.types import ExecResult

PROGRAM = "/usr/bin/sandbox-exec"
_READ = (
    *("/usr", "/bin", "/sbin", "/opt", "/System", "/Library/Developer", "/Library/Frameworks"),
    *("/Applications/Xcode.app", "/private/etc/ssl", "/private/var/db/timezone", "/private/var/select"),
)
_REPORTS = r"^/private/tmp/r1code-[0-9a-f]+(/|$)"
"""Where runners are told to write their reports."""
_PROFILE = f"""(version 1)
(deny default)
(allow process-fork)
(allow process-exec)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow sysctl-read)
(allow ipc-posix-sem)
(allow mach-lookup (global-name "com.apple.system.opendirectoryd.libinfo"))
(allow file-read-metadata)
(allow file-read* (literal "/") {" ".join(f'(subpath "{path}")' for path in _READ)})
(allow file-read* (literal "/dev/null") (literal "/dev/zero") (literal "/dev/random") (literal "/dev/urandom"))
(allow file-write-data (literal "/dev/null") (literal "/dev/zero"))
(allow file-read* file-write* (subpath (param "COPY")) (subpath (param "OWN")) (regex #"{_REPORTS}"))
(deny file-write-setugid)
(deny network*)
"""


class Places(Struct, frozen=True, kw_only=True):
    """Folders of a sandbox's own, links resolved: Seatbelt compares real paths."""

    copy: Path
    own: Path
    """Home and temporary files."""


def around(places: Places, program: str = PROGRAM) -> list[str]:
    """What goes before the words of a command. Paths are parameters: none can be a part of the profile."""
    return [program, "-D", f"COPY={places.copy}", "-D", f"OWN={places.own}", "-p", _PROFILE]


class SeatbeltSandbox:
    """A copy of the work tree in a temporary folder, and commands that may write nowhere else."""

    in_place = False
    kind = "seatbelt (untested; memory, processes and disk not limited)"

    def __init__(self, copying: Copying, program: str = PROGRAM) -> None:
        self._copying = copying
        self._program = program
        self._folder: Path | None = None
        self._host: HostSandbox
        self._tree: WorkTree
        self._places: Places
        self._snapshot = Snapshot({})
        self._live = False
        """As in Inside."""

    @property
    def folder(self) -> str:
        return str(self._places.copy)

    def start(self, control: Control) -> None:
        control.check()
        if self._folder is not None:
            return
        if not Path(self._program).exists():
            raise SandboxError(
                "Seatbelt cannot be used",
                why=f"{self._program} is not there: it is a part of macOS",
                hint="--sandbox=docker, or on Linux --sandbox=bubblewrap",
            )
        self._folder = folder = Path(tempfile.mkdtemp(prefix="r1code-seatbelt-")).resolve()
        self._places = places = Places(copy=folder / "copy", own=folder / "own")
        for place in (places.copy, places.own):
            place.mkdir()
        self._tree = WorkTree(
            places.copy,
            Listing(lambda: _listed(places.copy)),
            self._copying.store,
            state=folder / "state",
            hidden=lambda _: False,
        )
        self._host = HostSandbox(
            places.copy,
            limits=self._copying.limits,
            scan=self._tree.snapshot,
            around=around(places, self._program),
        )
        self._add_history(places.copy / ".git", control)

    def sync(self, snapshot: Snapshot, control: Control) -> None:
        self.start(control)
        with _told("the work tree could not be copied in"):
            now = control.call(self._tree.snapshot)
            last = self._snapshot.entries
            wanted = {*snapshot.entries, *last, *(folder for path in last for folder in parents(path))}
            if self._live:
                # What goes on is ahead of the tree in all others, and may have them open.
                wanted -= {path for path, entry in last.items() if snapshot.entries.get(path) == entry}
            self._tree.apply(Patch.of(change for change in now.diff(snapshot).changes if change.path in wanted))
        self._snapshot = snapshot

    def run(
        self,
        command: str,
        control: Control,
        *,
        env: dict[str, str] | None = None,
        seconds: float | None = None,
        quiet: bool = False,
    ) -> Generator[str, None, ExecResult]:
        self.start(control)
        return (yield from self._host.run(command, control, env=self._own | (env or {}), seconds=seconds))

    def refused(self, control: Control) -> str:
        """There is no network that refuses by name."""
        control.check()
        return ""

    def spawn(self, command: str, control: Control, *, env: dict[str, str] | None = None) -> Spawned:
        self.start(control)
        self._live = True
        return self._host.spawn(command, control, env=self._own | (env or {}))

    def connect(self, command: str, control: Control, *, env: dict[str, str] | None = None) -> Connected:
        self.start(control)
        return self._host.connect(command, control, env=self._own | (env or {}))

    @property
    def _own(self) -> dict[str, str]:
        own = str(self._places.own)
        return {"HOME": own, "TMPDIR": own}

    def changes(self, control: Control, only: Only = anything) -> Patch:
        self.start(control)
        goes_on = self._host.goes_on
        with _told("what the command changed could not be seen"):
            found = self._snapshot.diff(control.call(self._tree.snapshot)).only(only).changes
        new = [change for change in found if change.before is None]
        names = [f"{change.path}/" if is_folder(change.after) else change.path for change in new]
        dropped = {name.removesuffix("/") for name in self._copying.ignored(names)} if names else set[str]()
        dropped |= {change.path for change in new if in_cache(change.path)}
        out = {change.path for change in found if self._leads_out(change)}
        if out:
            named = ", ".join(map(printable, sorted(out)))
            self._copying.say(f"not taken out of the sandbox (a link that leads out of the tree): {named}")
        patch = Patch.of(change for change in found if change.path not in dropped | out)
        self._snapshot = self._snapshot.with_patch(patch)
        if only is anything:
            self._live = goes_on
        return patch

    def _leads_out(self, change: FileChange) -> bool:
        if change.after is None or change.after.kind != "link":
            return False
        return not stays_inside(change.path, os.fsdecode(self._copying.store.get(change.after.digest)))

    def read(self, path: str, control: Control) -> bytes | None:
        self.start(control)
        real = Path(path).resolve()
        is_ours = real.is_relative_to(self._places.copy) or real.is_relative_to(self._places.own)
        is_report = re.match(_REPORTS, str(Path("/private", str(real).removeprefix("/private/").lstrip("/"))))
        return self._host.read(str(real), control) if is_ours or is_report else None

    def close(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            self._host.close()
            shutil.rmtree(folder, ignore_errors=True)
        self._snapshot = Snapshot({})

    def _add_history(self, folder: Path, control: Control) -> None:
        git_dir = self._copying.git_dir
        if git_dir is None:
            return
        try:
            history = control.call(lambda: self._copying.history(git_dir))
        except LeftOutError as error:
            self._copying.say(f"commands in the sandbox do not see the git history: {error}")
            return
        for name, data in history:
            place = folder / name
            (place if name.endswith("/") else place.parent).mkdir(parents=True, exist_ok=True)
            if not name.endswith("/"):
                place.write_bytes(data)


def _listed(root: Path) -> list[str]:
    """Files and links; what tools fill for themselves is not looked at."""
    found: list[str] = []
    for folder, names, files in os.walk(root):
        links = [name for name in names if Path(folder, name).is_symlink()]
        names[:] = [name for name in names if name not in CACHES and name.casefold() != ".git"]
        found += [os.path.relpath(Path(folder, name), root) for name in (*files, *links)]
    return found


@contextmanager
def _told(what: str) -> Generator[None, None, None]:
    try:
        yield
    except StateError as error:
        raise SandboxError(what, why=f"{error.what}: {error.why}", hint=error.hint) from error
    except (ToolError, OSError) as error:
        raise SandboxError(what, why=str(error), hint="look at the folder's permissions") from error
