"""What limits the memory, processors and processes of a sandbox that no engine limits."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Protocol

from r1code.sandbox.base import Limits
from r1code.sandbox.inside import PLAIN_PATH

_ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_INSIDE = "/sys/fs/cgroup"
_OURS = "r1code-"
_SPARE = 8
"""Processes of ours around a command."""
_PERIOD = 100_000
_EMPTY_SECONDS = 1.0
_JOIN = 'for file; do shift; [ "$file" != -- ] || break; echo 0 >"$file" || exit 125; done; exec "$@"'


_BUS = ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
"""Where the user's systemd is found."""


def find_program(name: str) -> str | None:
    """Where it is. A relative folder of PATH would be one of the work tree."""
    folders = os.environ.get("PATH", PLAIN_PATH).split(os.pathsep)
    return shutil.which(name, path=os.pathsep.join(folder for folder in folders if folder.startswith("/")))


class Bounds(Protocol):
    """Holds for all that is started behind `around`."""

    kind: str
    """In words, what is limited how, and what is not."""

    @property
    def around(self) -> list[str]:
        """Goes before the words of a command that starts a process."""
        ...

    @property
    def environment(self) -> dict[str, str]:
        """For `around` alone: what it starts has nothing of it but PATH."""
        ...

    @property
    def inside(self) -> list[str]:
        """Options of `prlimit`, for inside of the sandbox."""
        ...

    @property
    def events(self) -> dict[str, str]:
        """Files that count met limits, and where a command's script looks for them inside."""
        ...

    def close(self) -> None:
        """Releases it, once nothing runs in it; raises nothing."""
        ...


_NO_CORE = "--core=0:0"
_PLAIN = {"PATH": PLAIN_PATH}


class Group:
    """A control group of ours: one folder, or with version 1 one for each controller."""

    def __init__(self, folders: dict[str, Path], kind: str, events: dict[str, str]) -> None:
        self._folders = folders
        self.kind = kind
        self.environment = _PLAIN
        self.inside = [_NO_CORE]
        self.events = events

    @property
    def around(self) -> list[str]:
        files = [str(folder / "cgroup.procs") for folder in dict.fromkeys(self._folders.values())]
        return ["/bin/sh", "-c", _JOIN, "sh", *files, "--"]

    def close(self) -> None:
        deadline = time.monotonic() + _EMPTY_SECONDS
        for folder in dict.fromkeys(self._folders.values()):
            while not _gone(folder) and time.monotonic() < deadline:
                time.sleep(0.02)


class Scope:
    """A transient unit of the user's systemd for each command."""

    kind = "memory and processes by systemd"

    def __init__(self, limits: Limits, program: str) -> None:
        self.around = [
            *(program, "--user", "--scope", "--quiet", "--collect"),
            *("-p", f"MemoryMax={limits.memory_mb}M", "-p", "MemorySwapMax=0"),
            *("-p", f"TasksMax={limits.pids + _SPARE}", "-p", f"CPUQuota={round(limits.cpus * 100)}%", "--"),
            *("/usr/bin/env", "-i", f"PATH={PLAIN_PATH}"),
        ]
        self.environment = _PLAIN | {name: os.environ[name] for name in _BUS if name in os.environ}
        self.inside = [_NO_CORE]
        self.events: dict[str, str] = {}

    def close(self) -> None:
        """Systemd collects them."""


class Resources:
    """Only what a process may be told to respect: for each process by itself, and shared memory not at all."""

    kind = "memory of each process by rlimit, processors not limited"

    def __init__(self, limits: Limits) -> None:
        memory = limits.memory_mb << 20
        self.around: list[str] = []
        self.environment = _PLAIN
        # Not the address space: Node, Java and Go reserve far more of it than they use.
        self.inside = [_NO_CORE, f"--data={memory}:{memory}", f"--nproc={limits.pids}:{limits.pids}"]
        self.events: dict[str, str] = {}

    def close(self) -> None:
        """There is nothing to release."""


def candidates(limits: Limits) -> Iterator[Bounds]:
    """What might work here, best first; whoever takes the next one has closed the one before."""
    group = control_group(limits)
    if group is not None:
        yield group
    program = find_program("systemd-run")
    if program is not None:
        yield Scope(limits, program)
    yield Resources(limits)


def control_group(limits: Limits, *, root: Path = _ROOT, own: Path = _OWN) -> Group | None:
    """A new control group below the one that this process is in, or beside it; None if there can be none."""
    try:
        lines = [line.split(":", 2) for line in own.read_text().splitlines()]
    except OSError:
        return None
    paths = {name: path.strip("/") for _, names, path in lines for name in names.split(",")}
    name = f"{_OURS}{os.getpid()}-{secrets.token_hex(4)}"
    for make in (_unified, _separate):
        found = make(limits, root, paths, name)
        if found is not None:
            return found
    return None


def _unified(limits: Limits, root: Path, paths: dict[str, str], name: str) -> Group | None:
    """Version 2. A group with processes in it has no limited groups below it; then one beside it may do."""
    own = root / paths.get("", "")
    for above in (own, own.parent) if own != root else (own,):
        usable = _words(above / "cgroup.subtree_control")
        folder = above / name
        if not {"memory", "pids"} <= usable or not _made(folder):
            continue
        values: dict[str, int | str] = {
            "memory.max": limits.memory_mb << 20,
            "memory.swap.max": 0,
            "pids.max": limits.pids + _SPARE,
            "cpu.max": f"{int(limits.cpus * _PERIOD)} {_PERIOD}",
        }
        written = _written(folder, values)
        if {"memory.max", "pids.max"} <= written:
            events = {str(folder / file): f"{_INSIDE}/{file}" for file in ("memory.events", "pids.events")}
            return Group({"all": folder}, _kind(written, "cpu.max"), events)
        _gone(folder)
    return None


def _separate(limits: Limits, root: Path, paths: dict[str, str], name: str) -> Group | None:
    """Version 1."""
    memory = limits.memory_mb << 20
    wanted: dict[str, dict[str, int | str]] = {
        "memory": {"memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory},
        "pids": {"pids.max": limits.pids + _SPARE},
        "cpu": {"cpu.cfs_period_us": _PERIOD, "cpu.cfs_quota_us": int(limits.cpus * _PERIOD)},
    }
    folders: dict[str, Path] = {}
    for controller, values in wanted.items():
        folder = root / controller / paths.get(controller, "none") / name
        if controller in paths and _made(folder):
            folders[controller] = folder
            if not _written(folder, values):
                _gone(folders.pop(controller))
    group = Group(
        folders,
        _kind(folders, "cpu"),
        {
            str(folders[controller] / file): f"{_INSIDE}/{controller}/{file}"
            for controller, file in (("memory", "memory.oom_control"), ("pids", "pids.events"))
            if controller in folders
        },
    )
    if {"memory", "pids"} <= folders.keys():
        return group
    group.close()
    return None


def _kind(written: Container[str], processors: str) -> str:
    return "memory and processes by cgroup" + ("" if processors in written else ", processors not limited")


def _words(file: Path) -> set[str]:
    try:
        return set(file.read_text().split())
    except OSError:
        return set()


def _made(folder: Path) -> bool:
    """Also removes what a killed r1code left beside it."""
    try:
        for other in folder.parent.glob(f"{_OURS}*"):
            owner = other.name.removeprefix(_OURS).partition("-")[0]
            if owner.isdigit() and not Path("/proc", owner).exists():
                _gone(other)
        folder.mkdir()
    except OSError:
        return False
    return True


def _written(folder: Path, values: dict[str, int | str]) -> set[str]:
    written: set[str] = set()
    for file, value in values.items():
        with contextlib.suppress(OSError):
            (folder / file).write_text(str(value))
            written.add(file)
    return written


def _gone(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
