"""One container: how it is confined, and how it is spoken to."""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import closing
from typing import IO, Any

from docker import APIClient, DockerClient
from docker.types import LogConfig, Ulimit

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.base import Limits
from r1code.sandbox.engine import ENGINE_ERRORS, GONE, ContainerGoneError, sandbox_error, told
from r1code.sandbox.manifest import LETTERS, Seen, printable
from r1code.sandbox.stream import STDOUT, Ended, Exec, order
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
_PATIENCE_SECONDS = 120.0
"""How long a helper may say nothing."""
SILENCE_SECONDS = 30.0
_SPARE_SECONDS = 60.0
"""How long a connection may have been idle: something between here and the engine may have forgotten it."""
_NEEDS = "with sh, tar, GNU find, GNU coreutils and xargs"
_NOT_FOUND = 127
_KILLED = 137
_NOT_STARTED = 126
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH\n"
"""For what is ours: an image may name folders first that commands can write to."""
PRIVATE_BYTES = 4096
_MOST_ANSWER_BYTES = 100_000_000
SHM_MB = 64

_KILL = "kill -s KILL -- -1 2>/dev/null; exit 0"


def create(
    client: DockerClient, image: str, limits: Limits, labels: dict[str, str], *, runtime: str | None = None
) -> str:
    """Starts a new container and returns its id. What fails half-way leaves nothing behind."""
    api = client.api
    disk = f"rw,exec,nosuid,nodev,size={limits.disk_mb}m,nr_inodes={limits.files}"
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
        shm_size=f"{SHM_MB}m",
        cpu_period=100_000,
        cpu_quota=int(limits.cpus * 100_000),
        # Open files are left to the engine: it may not give more than it has.
        ulimits=[Ulimit(name="core", soft=0, hard=0)],
        log_config=LogConfig(type=LogConfig.types.NONE),
        runtime=runtime,
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

    def __init__(self, api: APIClient, container_id: str, silence: float = SILENCE_SECONDS) -> None:
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
        self._silence = silence
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
    ) -> Generator[bytes, None, None]:
        """What a script of ours prints, as it comes. Raises SandboxError, beginning with `what`, if it fails."""
        running = self.execute(PATH + script, *args, stdin=stdin)
        self.prepare()
        errors = bytearray()
        try:
            while not isinstance(item := self.next_item(running, control, _PATIENCE_SECONDS, what), Ended):
                number, data = item
                if number == STDOUT:
                    yield data
                else:
                    errors += data[: PRIVATE_BYTES - len(errors)]
        finally:
            running.close()
        if item.code != 0:
            raise self._failed(what, item.code, errors.decode(errors="replace").strip())

    def ask(self, what: str, control: Control, script: str, *args: str, stdin: IO[bytes] | None = None) -> bytes:
        """As `output`, whole. What answers is not trusted: it may want to fill our memory."""
        answer = bytearray()
        with closing(self.output(what, control, script, *args, stdin=stdin)) as chunks:
            for chunk in chunks:
                answer += chunk
                if len(answer) > _MOST_ANSWER_BYTES:
                    raise SandboxError(
                        what,
                        why=f"the container answers with more than {_MOST_ANSWER_BYTES // 1_000_000} MB",
                        hint="make the commands leave fewer files behind",
                    )
        return bytes(answer)

    def _failed(self, what: str, code: int | None, errors: str) -> SandboxError:
        if code in {_KILLED, _NOT_STARTED} and not self.alive():
            return self.gone(what)
        if "No space left on device" in errors:
            return SandboxError(
                what,
                why=f"it does not fit into the sandbox: {errors.splitlines()[0]}",
                hint="raise the sandbox's disk limit, or keep large files out of the repository",
            )
        if code == _KILLED:
            return SandboxError(
                what,
                why="a helper in the container was killed: most often the sandbox's memory is full",
                hint="make the commands leave less behind: files in the sandbox lie in its memory",
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
            return self._is_usable()
        except ENGINE_ERRORS:
            return False

    def _is_usable(self) -> bool:
        # Not by `inspect`: that waits for the engine to start a process, which it never does where all is paused.
        found = self.api.containers(all=True, filters={"id": self.id})
        return bool(found) and found[0]["State"] == "running"

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
            item = self.wait_item(running, control, seconds, what)
        except TimeoutError as error:
            raise sandbox_error(what, TimeoutError(f"no answer for {seconds:g} s")) from error
        if isinstance(item, Ended) and item.error is not None:
            raise self.failure(what, item.error) from item.error
        self.answered = True
        return item

    def wait_item(self, running: Exec, control: Control, seconds: float, what: str) -> tuple[int, bytes] | Ended:
        """What comes next. Raises TimeoutError, Cancelled, and SandboxError if nothing can come any more.

        A container that was paused says nothing and never ends; so it is asked for where all is silent.
        """
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > self._silence:
            try:
                return control.get(running.items, self._silence)
            except TimeoutError:
                self._check(control, what)
        return control.get(running.items, max(left, 0.0))

    def _check(self, control: Control, what: str) -> None:
        with told(what):
            usable = control.call(self._is_usable)
        if not usable:
            raise self.gone(what)

    def failure(self, what: str, error: BaseException) -> SandboxError:
        told = sandbox_error(what, error)
        return self.gone(what) if isinstance(told, ContainerGoneError) else told

    def gone(self, what: str) -> ContainerGoneError:
        if self.answered:
            return ContainerGoneError(
                what,
                why=GONE,
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
