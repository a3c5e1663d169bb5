"""Commands in a bubblewrap sandbox, for machines where no container engine runs.

Nothing is installed and nothing is root: one process, the keeper, holds the folders of the sandbox in memory,
with a limit of size and of files. Each script gets namespaces of its own, with those folders and
with the programs of the machine to read. When the keeper ends, all is gone.
"""

from __future__ import annotations

import os
import platform
import select
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.base import Limits
from r1code.sandbox.bounds import Bounds, candidates, find_program
from r1code.sandbox.command import SIGKILL
from r1code.sandbox.copied import CopiedSandbox, Copying
from r1code.sandbox.execution import FILTER, STATUS, BubblewrapExecution
from r1code.sandbox.inside import ENVIRONMENT, HOME, PLAIN_PATH, SHM_MB, WORK, Ended, GoneError, Inside
from r1code.sandbox.seccomp import MACHINES, program

NOT_STARTED = "no bubblewrap sandbox could be started"
NEEDED = ("bwrap", "nsenter", "prlimit", "setpriv")
INSTALL = (
    "install the packages bubblewrap and util-linux; where they are there, the machine forbids user namespaces "
    "(docs/isolation.md)"
)
_YOUNGEST, _SINCE = "--disable-userns", "0.8"
_NOBODY = "65534"
"""Whom all is run as where r1code is root."""
_START_SECONDS = 10.0
_TRY_SECONDS = 20.0

SYSTEM = ("/usr", "/opt", "/nix/store")
_LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""Folders of their own, or links into /usr."""
_ETC = (
    *("alternatives", "ca-certificates", "crypto-policies", "fonts", "java", "ld.so.cache", "ld.so.conf"),
    *("ld.so.conf.d", "localtime", "magic", "mime.types", "pki/ca-trust", "pki/tls", "protocols", "services"),
    *("ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone"),
)
"""What programs need of it, by allow-list: pip.conf, npmrc and gitconfig may hold passwords."""
_MASKED = ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/latency_stats")
_MADE = ("passwd", "group", "hosts", "nsswitch.conf", "resolv.conf")
_FOLDERS = ("workspace", "home/r1code", "tmp")
"""What commands may write to."""
_DEVICES = "/dev"
_SHARED = f"{_DEVICES}/shm"
_PLACE = _SHARED
"""Where the keeper, and nobody else, sees those folders."""

_KEEP = f"""set -e
cd {_PLACE}
mkdir -p etc {" ".join(_FOLDERS)}
for name in {" ".join(_FOLDERS)}; do
  mount -t tmpfs -o "nosuid,nodev,size=$1m,nr_inodes=$2,mode=0755" r1code "$name"
done
chmod 1777 tmp
cd etc
printf 'root:x:0:0:root:/root:/bin/sh\\nr1code:x:1000:1000:r1code:{HOME}:/bin/sh\\n' >passwd
printf 'root:x:0:\\nr1code:x:1000:\\n' >group
printf '127.0.0.1 localhost sandbox\\n::1 localhost\\n' >hosts
printf 'passwd: files\\ngroup: files\\nhosts: files\\n' >nsswitch.conf
: >resolv.conf
echo "ready $$"
exec cat
"""


class Borrowed(Struct, frozen=True, kw_only=True):
    """What commands may read of the project's folder besides the copy: what was installed into it."""

    root: Path
    folders: tuple[str, ...] = ()
    """Names in `root`, which are folders there and none of which goes into the copy."""
    outside: tuple[Path, ...] = ()
    """Installations of interpreters."""
    path: tuple[str, ...] = ()
    """Folders with programs that come before the system's, in these or in SYSTEM."""


_NOTHING = Borrowed(root=Path("/"))


class Keeper(Inside):
    """The process that holds the folders, and what is known of the work tree in them."""

    noun = "sandbox"
    gone_why = "the process that held its files was ended from outside"
    ours = "this machine"
    remedy = "use another machine, or a container engine"

    def __init__(self, limits: Limits, bounds: Bounds, borrowed: Borrowed = _NOTHING) -> None:
        """Starts it. Raises OSError with words of what failed, and SandboxError where a program is missing."""
        super().__init__()
        programs = _programs()
        self.bounds = bounds
        self._borrowed = borrowed
        self._running: list[BubblewrapExecution] = []
        self._apart: list[BubblewrapExecution] = []
        machine = MACHINES.get(platform.machine())
        self._filter = b"" if machine is None else program(machine)
        self._root = os.geteuid() == 0
        self._programs = programs
        lower = [programs["setpriv"], f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
        self._process = subprocess.Popen(
            [
                *(*bounds.around, *(lower if self._root else []), programs["bwrap"]),
                *("--unshare-user", "--uid", "0", "--gid", "0", "--cap-add", "ALL"),
                # One network for all scripts, without any other in it: they reach the ports of one another.
                *("--unshare-net", "--dev-bind", "/", "/", "--tmpfs", _PLACE, "--"),
                *("/bin/sh", "-c", _KEEP, "sh", str(limits.disk_mb), str(limits.files)),
            ],
            # Ends when r1code does, whatever ends that: then nobody holds the other side.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=bounds.environment,
            cwd="/",
            start_new_session=True,
        )
        try:
            self.pid = self._ready()
        except OSError:
            self.remove()
            raise

    def _ready(self) -> int:
        said, errors = self._process.stdout, self._process.stderr
        if said is None or errors is None:
            raise AssertionError("it was started with pipes")
        if not select.select([said], [], [], _START_SECONDS)[0]:
            raise OSError(f"it was not ready after {_START_SECONDS:g} s")
        word, _, number = said.readline().decode(errors="replace").partition(" ")
        if word != "ready":
            self._process.wait()
            raise OSError(errors.read().decode(errors="replace").strip() or "it ended at once")
        return int(number)

    def execute(
        self,
        script: str,
        *args: str,
        stdin: Iterable[bytes] | None = None,
        env: dict[str, str] | None = None,
    ) -> BubblewrapExecution:
        running = self._executed(script, args, stdin, env or {})
        self._running = [one for one in self._running if not one.over.is_set()] + [running]
        return running

    def execute_apart(
        self, script: str, *args: str, env: dict[str, str], stdin: Iterable[bytes] | None = None
    ) -> BubblewrapExecution:
        running = self._executed(script, args, stdin, env)
        self._apart.append(running)
        return running

    def spared(self) -> list[str]:
        # Each script has processes of its own, and sees no others.
        return []

    def drop(self, leader: str) -> None:
        """Nothing is left of a script that was closed."""

    def _executed(
        self, script: str, args: tuple[str, ...], stdin: Iterable[bytes] | None, env: dict[str, str]
    ) -> BubblewrapExecution:
        enter = [self._programs["nsenter"], "-t", str(self.pid), "-U", "-m", "-n"]
        words = [
            *(*self.bounds.around, *enter, *([] if self._root else ["--preserve-credentials"]), "--"),
            *(self._programs["bwrap"], *self._walls(), *self._variables(env), "--"),
            # By its path: inside, the project's folders come first in PATH.
            *(self._programs["prlimit"], *self.bounds.inside, "--", "/bin/sh", "-c", script, "sh", *args),
        ]
        return BubblewrapExecution(words, self.bounds.environment, self._filter, stdin)

    def _walls(self) -> list[str]:
        words = [
            *(
                "--unshare-all",
                "--share-net",
                "--unshare-user",
                _YOUNGEST,
                "--uid",
                "1000",
                "--gid",
                "1000",
            ),
            *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "sandbox"),
            *("--json-status-fd", STATUS),
        ]
        if self._filter:
            words += ["--seccomp", FILTER]
        words += [word for path in SYSTEM for word in ("--ro-bind-try", path, path)]
        for path in map(Path, _LINKED):
            if path.is_symlink():
                words += ["--symlink", str(path.readlink()), str(path)]
            elif path.is_dir():
                words += ["--ro-bind", str(path), str(path)]
        words += [word for name in _ETC for word in ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")]
        words += [word for name in _MADE for word in ("--ro-bind", f"{_PLACE}/etc/{name}", f"/etc/{name}")]
        words += ["--proc", "/proc", "--dev", _DEVICES]
        words += [word for path in _MASKED if Path(path).exists() for word in ("--ro-bind", "/dev/null", path)]
        words += ["--remount-ro", _DEVICES, "--size", str(SHM_MB << 20), "--tmpfs", _SHARED]
        words += [word for file, path in self.bounds.events.items() for word in ("--ro-bind-try", file, path)]
        words += [word for name in _FOLDERS for word in ("--bind", f"{_PLACE}/{name}", f"/{name}")]
        return [*words, *self._borrowing(), "--remount-ro", "/", "--chdir", WORK]

    def _borrowing(self) -> list[str]:
        borrowed = self._borrowed
        words = [
            word
            for name in borrowed.folders
            for word in ("--ro-bind-try", str(borrowed.root / name), f"{WORK}/{name}")
        ]
        words += [word for path in borrowed.outside for word in ("--ro-bind-try", str(path), str(path))]
        if borrowed.folders and not _is_ours(borrowed.root):
            # Installed programs name their interpreter, and packages their source, by the path they have here.
            words += ["--symlink", WORK, str(borrowed.root)]
        return words

    def _variables(self, env: dict[str, str]) -> list[str]:
        borrowed = self._borrowed
        bins = [f"{WORK}/{name}/{'.bin' if name == 'node_modules' else 'bin'}" for name in borrowed.folders]
        known = {**ENVIRONMENT, "PATH": ":".join([*bins, *borrowed.path, PLAIN_PATH]), **env}
        return ["--clearenv", *(word for name, value in known.items() for word in ("--setenv", name, value))]

    def prepare(self) -> None:
        """A start takes so little that nothing is gained by doing it beforehand."""

    def kill(self, patience: float) -> bool:
        for one in self._running:
            one.close()
        deadline = time.monotonic() + patience
        return all(one.over.wait(max(deadline - time.monotonic(), 0.0)) for one in self._running)

    def remove(self) -> None:
        self._running += self._apart
        self.kill(_START_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, SIGKILL)
            self._process.wait()
        self.bounds.close()

    def alive(self) -> bool:
        return self._process.poll() is None and Path(f"/proc/{self.pid}/ns/mnt").exists()

    def failure(self, what: str, error: BaseException) -> SandboxError:
        if not isinstance(error, OSError):
            raise error
        if not self.alive():
            return self.gone(what)
        return SandboxError(what, why=str(error), hint=INSTALL)


class BubblewrapSandbox(CopiedSandbox[Keeper]):
    """Without an image: commands use the machine's own programs."""

    def __init__(self, copying: Copying, borrowed: Borrowed = _NOTHING) -> None:
        super().__init__(copying)
        self._borrowed = borrowed
        self._kind = "bubblewrap"

    @property
    def kind(self) -> str:
        return self._kind

    def _open(self, control: Control) -> Keeper:
        keeper = _opened(self._limits, self._borrowed, control)
        self._kind = _kind(keeper)
        return keeper


def _first_that_works(limits: Limits, borrowed: Borrowed) -> Keeper:
    _refuse_old(_programs()["bwrap"])
    why = ""
    for bounds in candidates(limits):
        try:
            keeper = Keeper(limits, bounds, borrowed)
        except OSError as error:
            bounds.close()
            why = str(error)
            continue
        why = _fails(keeper)
        if not why:
            return keeper
        keeper.remove()
    raise SandboxError(NOT_STARTED, why=why.splitlines()[0] if why else "it says nothing", hint=INSTALL)


def probe(control: Control) -> tuple[str, str]:
    """What kind of sandbox works on this machine, or why none does. Raises Cancelled."""
    try:
        keeper = _opened(Limits(), _NOTHING, control)
    except SandboxError as error:
        return "", error.why
    keeper.remove()
    return _kind(keeper), ""


def _opened(limits: Limits, borrowed: Borrowed, control: Control) -> Keeper:
    return control.call(lambda: _first_that_works(limits, borrowed), abandoned=Keeper.remove)


def _programs() -> dict[str, str]:
    """Where they are."""
    found = {name: place for name in NEEDED if (place := find_program(name)) is not None}
    missing = [name for name in NEEDED if name not in found]
    if missing:
        raise SandboxError(NOT_STARTED, why=f"not installed: {', '.join(missing)}", hint=INSTALL)
    return found


def _refuse_old(bwrap: str) -> None:
    """Raises SandboxError for one that lacks an option of ours; of them all this one is the youngest."""
    try:
        told = subprocess.run([bwrap, "--help"], capture_output=True, timeout=_TRY_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(NOT_STARTED, why=f"{bwrap} does not run: {error}", hint=INSTALL) from error
    if _YOUNGEST.encode() not in told.stdout + told.stderr:
        raise SandboxError(
            NOT_STARTED,
            why=f"{bwrap} is too old: {_SINCE} or later is needed",
            hint="install a newer bubblewrap, or start a container engine",
        )


def _kind(keeper: Keeper) -> str:
    unfiltered = "" if platform.machine() in MACHINES else "; no seccomp filter"
    return f"bubblewrap ({keeper.bounds.kind}{unfiltered})"


def _fails(keeper: Keeper) -> str:
    """Why nothing can run in it; empty if something can."""
    running = keeper.execute("true")
    try:
        item = keeper.wait_item(running, Control(), _TRY_SECONDS, NOT_STARTED)
    except (TimeoutError, GoneError) as error:
        return str(error) or "it does not answer"
    finally:
        running.close()
    if not isinstance(item, Ended):
        return item[1].decode(errors="replace")
    return str(item.error) if item.error is not None else "" if item.code == 0 else f"it ended with {item.code}"


def _is_ours(root: Path) -> bool:
    """Whether the sandbox has something of its own where that path leads."""
    ours = (*SYSTEM, *_LINKED, *(f"/{name}" for name in _FOLDERS), "/etc", "/proc", _DEVICES, "/sys")
    return root == Path("/") or any(root.is_relative_to(path) or Path(path).is_relative_to(root) for path in ours)
