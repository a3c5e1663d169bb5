"""One container: how it is confined, and how it is spoken to."""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from typing import IO, Any

from docker import APIClient, DockerClient
from docker.types import LogConfig, Ulimit

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.base import Limits
from r1code.sandbox.command import Exit
from r1code.sandbox.engine import ENGINE_ERRORS, ContainerGoneError, sandbox_error
from r1code.sandbox.manifest import LETTERS, Seen, printable
from r1code.sandbox.stream import STDERR, STDOUT, Ended, Exec, order
from r1code.tree.entry import Entry, is_folder
from r1code.tree.snapshot import Snapshot

WORK = "/workspace"
NOT_COPIED = "the work tree could not be copied in"
HOME = "/home/r1code"
USER = "1000:1000"
KEEPER = "65534:65534"
"""Whom the container's own process belongs to: not USER, so that `kill -1` by USER spares it."""
_LIFE_SECONDS = 24 * 3600
_OWNED = "uid=1000,gid=1000,mode=0755"
_WRITABLE = {"workspace": _OWNED, "home/r1code": _OWNED, "tmp": "mode=1777"}
_ENVIRONMENT = {
    "HOME": HOME,
    "USER": "r1code",
    "LOGNAME": "r1code",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
}
_SILENCE_SECONDS = 120.0
_SPARE_SECONDS = 60.0
"""How long a connection may have been idle: something between here and the engine may have forgotten it."""
_NEEDS = "with sh, tar, GNU find, GNU coreutils and xargs"
_NOT_FOUND = 127
_KILLED = 137
_PRIVATE_BYTES = 4096
_MAX_ARGUMENT_BYTES = 128 * 1024
_NOT_RUN = "the command could not be run"
_MEMORY_KILLS = re.compile(rb"(?m)^oom_kill (\d{1,9})$")

_KILL = "kill -s KILL -- -1 2>/dev/null; exit 0"
# The command writes both of its streams into one pipe, so their order is kept; the script's own error
# stream stays free for what it has to tell. It is the only process that its `kill` spares.
_RUN = """echo started >&2
if [ -x /bin/bash ]; then set -- /bin/bash -c "$1"; else set -- /bin/sh -c "$1"; fi
"$@" </dev/null 2>&1
code=$?
kill -s KILL -- -1 2>/dev/null
for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
  [ -r "$file" ] && while read -r key value; do
    [ "$key" = oom_kill ] && echo "oom_kill $value" >&2
  done <"$file"
done
echo ended >&2
exit $code
"""


def create(client: DockerClient, image: str, limits: Limits, labels: dict[str, str]) -> str:
    """Starts a new container and returns its id. What fails half-way leaves nothing behind."""
    api = client.api
    disk = f"rw,exec,nosuid,nodev,size={limits.disk_mb}m"
    # An image's own volumes would be folders of the engine's host, without a limit.
    volumes: dict[str, Any] = client.images.get(image).attrs["Config"].get("Volumes") or {}
    tmpfs = dict.fromkeys(volumes, f"{disk},mode=1777")
    tmpfs |= {f"/{folder}": f"{disk},{options}" for folder, options in _WRITABLE.items()}
    memory = f"{limits.memory_mb}m"
    confined = api.create_host_config(
        network_mode="none",
        read_only=True,
        tmpfs=tmpfs,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        init=True,
        auto_remove=True,
        pids_limit=limits.pids,
        mem_limit=memory,
        memswap_limit=memory,
        cpu_period=100_000,
        cpu_quota=int(limits.cpus * 100_000),
        # Open files are left to the engine: it may not give more than it has.
        ulimits=[Ulimit(name="core", soft=0, hard=0)],
        log_config=LogConfig(type=LogConfig.types.NONE),
    )
    made = api.create_container(
        image,
        entrypoint=["sleep"],
        command=[str(_LIFE_SECONDS)],
        user=KEEPER,
        working_dir=WORK,
        environment=_ENVIRONMENT,
        hostname="sandbox",
        labels=labels,
        healthcheck={"test": ["NONE"]},
        host_config=confined,
        use_config_proxy=False,
    )
    container_id: str = made["Id"]
    started = False
    try:
        api.start(container_id)
        started = True
    finally:
        if not started:
            remove(api, container_id)
    return container_id


def remove(api: APIClient, container_id: str) -> None:
    """Removes it if it is there; raises nothing. What an engine that fails keeps is left to `prune`."""
    try:
        api.remove_container(container_id, force=True, v=True)
    except ENGINE_ERRORS:
        return


def remove_network(api: APIClient, network_id: str) -> None:
    """As `remove`, for a network."""
    try:
        api.remove_network(network_id)
    except ENGINE_ERRORS:
        return


class Container:
    """A running container, and what is known of the work tree in it."""

    def __init__(self, api: APIClient, container_id: str) -> None:
        self.api = api
        self.id = container_id
        self.seen: dict[str, Seen] = {}
        """The tree as it was when it was last looked at."""
        self.known: dict[str, tuple[Seen, Entry]] = {}
        """Contents that are known, and what the path looked like with them."""
        self.synced = False
        self.begun: set[str] = set()
        """Paths of trees whose copying in was not finished: some may be there."""
        self.answered = False
        self.used = False
        """A command ran since `seen`."""
        self.prepared = False
        """The tree is connected with what the image has installed."""
        self.made: set[str] = set()
        """What doing that left in the tree."""
        self.memory_kills = 0
        self._spare: Exec | None = None

    def execute(
        self,
        script: str,
        *args: str,
        stdin: IO[bytes] | None = None,
        env: dict[str, str] | None = None,
    ) -> Exec:
        running, self._spare = self._spare, None
        if running is None or not running.waits or time.monotonic() - running.started > _SPARE_SECONDS:
            if running is not None:
                running.close()
            running = self._start()
        running.go(order(script, args, env), stdin)
        return running

    def _start(self) -> Exec:
        return Exec(self.api, self.id, {"user": USER, "workdir": WORK})

    def prepare(self) -> None:
        """Starts what the next `execute` uses. Not while a command runs, for that one's end kills it."""
        if self._spare is None:
            self._spare = self._start()

    def output(
        self, what: str, control: Control, script: str, *args: str, stdin: IO[bytes] | None = None
    ) -> Iterator[bytes]:
        """What a script of ours prints, as it comes. Raises SandboxError, beginning with `what`, if it fails."""
        running = self.execute(script, *args, stdin=stdin)
        self.prepare()
        errors = bytearray()
        try:
            while not isinstance(item := self.next_item(running, control, _SILENCE_SECONDS, what), Ended):
                number, data = item
                if number == STDOUT:
                    yield data
                else:
                    errors += data[: _PRIVATE_BYTES - len(errors)]
        finally:
            running.close()
        if item.code != 0:
            raise self._failed(what, item.code, errors.decode(errors="replace").strip())

    def ask(self, what: str, control: Control, script: str, *args: str, stdin: IO[bytes] | None = None) -> bytes:
        return b"".join(self.output(what, control, script, *args, stdin=stdin))

    def _failed(self, what: str, code: int | None, errors: str) -> SandboxError:
        if code == _KILLED and not self.alive():
            return self.gone(what)
        if "No space left on device" in errors:
            return SandboxError(
                what,
                why=f"it does not fit into the sandbox: {errors.splitlines()[0]}",
                hint="raise the sandbox's disk limit, or keep large files out of the repository",
            )
        if code == _NOT_FOUND or "not found" in errors:
            return SandboxError(
                what,
                why=f"the image lacks a program: {errors}",
                hint=f"use an image {_NEEDS}",
            )
        return SandboxError(
            what,
            why=f"a helper in the container ended with {code}: {errors}",
            hint="try again; if it happens again, use another image",
        )

    def know(self, snapshot: Snapshot) -> None:
        """What was seen last is `snapshot`; raises SandboxError if it is not."""
        for path, entry in snapshot.entries.items():
            there = self.seen.get(path)
            if (
                there is None
                or there.kind != LETTERS[entry.kind]
                or not (there.mode == entry.mode or is_folder(entry))
            ):
                raise SandboxError(
                    NOT_COPIED,
                    why=f"{printable(path)} is not there as it should be",
                    hint="try again; if it happens again, use another image",
                )
            self.known[path] = (there, entry)

    def alive(self) -> bool:
        try:
            return bool(self.api.inspect_container(self.id)["State"]["Running"])
        except ENGINE_ERRORS:
            return False

    def kill(self, patience: float) -> bool:
        """Kills all that was started. False if that did not happen within `patience` seconds."""
        killer = self.execute(_KILL)
        try:
            item = self.next_item(killer, Control(), patience, "the command could not be stopped")
        except SandboxError:
            return False
        finally:
            killer.close()
        return isinstance(item, Ended) and item.code == 0

    def next_item(self, running: Exec, control: Control, seconds: float, what: str) -> tuple[int, bytes] | Ended:
        """Raises Cancelled, or SandboxError where the engine failed or said nothing for `seconds`."""
        try:
            item = control.get(running.items, seconds)
        except TimeoutError as error:
            raise sandbox_error(what, TimeoutError(f"no answer for {seconds:g} s")) from error
        if isinstance(item, Ended) and item.error is not None:
            raise self.failure(what, item.error) from item.error
        self.answered = True
        return item

    def failure(self, what: str, error: BaseException) -> SandboxError:
        told = sandbox_error(what, error)
        return self.gone(what) if isinstance(told, ContainerGoneError) else told

    def gone(self, what: str) -> ContainerGoneError:
        if self.answered:
            return ContainerGoneError(
                what,
                why="its container was removed or stopped from outside",
                hint="try again: a new container will be started",
            )
        return ContainerGoneError(
            what,
            why="its container ended before it could be used",
            hint=f"use another image if it happens again: one {_NEEDS}",
        )

    def remove(self) -> None:
        if self._spare is not None:
            self._spare.close()
        remove(self.api, self.id)

    def remove_later(self) -> None:
        """Removes it without waiting."""
        # Not a daemon: the interpreter waits for it, so that nothing is left behind.
        threading.Thread(target=self.remove, name="r1code-remove").start()


class Command:
    """A command of a user or a model in a container: a `Running`."""

    def __init__(self, container: Container, limits: Limits, command: str, env: dict[str, str] | None) -> None:
        """Starts it. Raises SandboxError where the system has no room for it."""
        if len(os.fsencode(command)) >= _MAX_ARGUMENT_BYTES:
            raise SandboxError(
                _NOT_RUN,
                why=f"it is longer than the {_MAX_ARGUMENT_BYTES // 1024} KB that Linux takes",
                hint="write it into a file, and run that",
            )
        container.used = True
        self._container = container
        self._limits = limits
        self._private = b""
        self._ended: Ended | None = None
        self._exec = container.execute(_RUN, command, env=env)
        self.killed = True
        """False: the container must be removed, for something in it may still run."""

    def read(self, control: Control, seconds: float) -> bytes:
        while True:
            item = control.get(self._exec.items, seconds)
            if isinstance(item, Ended):
                return self._end(item)
            number, data = item
            if number == STDERR:
                self._private = (self._private + data)[-_PRIVATE_BYTES:]
            elif data:
                self._container.answered = True
                return data

    def _end(self, ended: Ended) -> bytes:
        if ended.error is not None:
            raise self._container.failure(_NOT_RUN, ended.error) from ended.error
        finished = self._private.endswith(b"ended\n")
        if not finished and not self._container.alive():
            raise self._container.gone("the command was interrupted")
        if not finished and b"started\n" not in self._private:
            raise SandboxError(
                _NOT_RUN,
                why=f"the image has no working /bin/sh (exit code {ended.code})",
                hint="use another image",
            )
        self._ended = ended
        self._container.answered = True
        self._container.prepare()
        return b""

    def kill(self, control: Control) -> None:
        self._exec.close()
        self.killed = self._container.kill(_patience(control))

    def exit(self) -> Exit:
        code = self._ended.code if self._ended is not None else None
        kills = _MEMORY_KILLS.search(self._private)
        before = self._container.memory_kills
        if kills is None or int(kills[1]) <= before:
            return Exit(code=code)
        self._container.memory_kills = int(kills[1])
        return Exit(
            code=code, note=f"[killed: more memory was used than the limit of {self._limits.memory_mb} MB]"
        )


def _patience(control: Control) -> float:
    return 0.3 if control.cancelled else 5.0
