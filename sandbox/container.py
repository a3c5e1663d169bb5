"""One container: how it is confined, and how it is spoken to."""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from docker import APIClient, DockerClient
from docker.errors import NotFound
from docker.types import LogConfig, Ulimit
from msgspec import Struct

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.base import Limits
from r1code.sandbox.engine import ENGINE_ERRORS, GONE, Isolation, sandbox_error, told
from r1code.sandbox.inside import ENVIRONMENT, SHM_MB, SILENCE_SECONDS, WORK, Ended, GoneError, Inside
from r1code.sandbox.killing import DROP, END
from r1code.sandbox.lasting import LastingCommand
from r1code.sandbox.stream import Exec, order

USER = "1000:1000"
KEEPER = "65534:65534"
"""Whom the container's own process belongs to: not USER, so that `kill -1` by USER spares it."""
_LIFE_SECONDS = 24 * 3600
_OWNED = "uid=1000,gid=1000,mode=0755"
_WRITABLE = {"workspace": _OWNED, "home/r1code": _OWNED, "tmp": "mode=1777"}
_TRUSTING = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": WORK}
"""Where the folder of the work tree belongs to root, git wants to be told that this is meant."""
_SPARE_SECONDS = 60.0
"""How long a connection may have been idle: something between here and the engine may have forgotten it."""

_KILL = f'{END}end "$@"; exit 0'


class Joined(Struct, frozen=True, kw_only=True):
    """How a container is joined to a network."""

    mode: str = "none"
    variables: dict[str, str] = {}
    """Of its environment."""
    name_servers: tuple[str, ...] = ()
    """Instead of the engine's."""


_ALONE = Joined()
_PLAIN = Isolation()


def create(
    client: DockerClient,
    image: str,
    limits: Limits,
    labels: dict[str, str],
    *,
    how: Isolation = _PLAIN,
    joined: Joined = _ALONE,
) -> str:
    """Starts a new container and returns its id. What fails half-way leaves nothing behind."""
    api = client.api
    disk = f"rw,exec,nosuid,nodev,size={limits.disk_mb}m"
    if how.engine == "docker":
        disk += f",nr_inodes={limits.files}"
    # An image's own volumes would be folders of the engine's host, without a limit.
    volumes: dict[str, Any] = client.images.get(image).attrs["Config"].get("Volumes") or {}
    tmpfs = dict.fromkeys(volumes, f"{disk},{how.in_memory('mode=1777')}")
    tmpfs |= {f"/{folder}": f"{disk},{how.in_memory(options)}" for folder, options in _WRITABLE.items()}
    environment = ENVIRONMENT | joined.variables | ({} if how.engine == "docker" else _TRUSTING)
    memory = f"{limits.memory_mb}m"
    confined = api.create_host_config(
        network_mode=joined.mode,
        dns=list(joined.name_servers),
        dns_opt=["timeout:1", "attempts:1"] if joined.name_servers else [],
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
        # Open files are left to the engine: it may not give more than it has. Podman forgets those of its
        # configuration where any is named.
        ulimits=[Ulimit(name="core", soft=0, hard=0)] if how.engine == "docker" else [],
        log_config=LogConfig(type=LogConfig.types.NONE),
        runtime=how.runtime,
    )
    made = api.create_container(
        image,
        entrypoint=["sleep"],
        command=[str(_LIFE_SECONDS)],
        user=KEEPER,
        working_dir=WORK,
        environment=environment,
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
        how.opened(api, container_id, _WRITABLE)
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


def remove_network(api: APIClient, network_id: str) -> bool:
    """As `remove`, for a network. False where the engine keeps it."""
    try:
        api.remove_network(network_id)
    except NotFound:
        return True
    except ENGINE_ERRORS:
        return False
    return True


def empty_network(api: APIClient, network_id: str) -> None:
    """Takes whatever is on it off it; raises nothing."""
    try:
        on_it: dict[str, Any] = api.inspect_network(network_id)["Containers"]
        for container_id in on_it:
            api.disconnect_container_from_network(container_id, network_id, force=True)
    except ENGINE_ERRORS:
        return


class Container(Inside):
    """A running container, and what is known of the work tree in it."""

    noun = "container"
    gone_why = GONE
    ours = "the image"
    remedy = "use another image"

    def __init__(self, api: APIClient, container_id: str, silence: float = SILENCE_SECONDS) -> None:
        super().__init__(silence)
        self.api = api
        self.id = container_id
        self._spare: Exec | None = None

    def execute(
        self,
        script: str,
        *args: str,
        stdin: Iterable[bytes] | None = None,
        env: dict[str, str] | None = None,
    ) -> Exec:
        running, self._spare = self._spare, None
        if running is None or not running.waits or time.monotonic() - running.started > _SPARE_SECONDS:
            if running is not None:
                running.close()
            running = self._start()
        running.go(order(script, args, env), stdin)
        return running

    def execute_apart(
        self, script: str, *args: str, env: dict[str, str], stdin: Iterable[bytes] | None = None
    ) -> Exec:
        # What waits for the next command is left alone.
        running = self._start()
        running.go(order(script, args, env), stdin)
        return running

    def spared(self) -> list[str]:
        return [one.leader for one in tuple(self.lasting) if isinstance(one, LastingCommand)]

    def drop(self, leader: str) -> None:
        self.execute_apart(DROP, leader, env={})

    def _start(self) -> Exec:
        return Exec(self.api, self.id, {"user": USER, "workdir": WORK})

    def prepare(self) -> None:
        """Starts what the next `execute` uses. Not while a command runs, for that one's end kills it."""
        if self._spare is None:
            self._spare = self._start()

    def alive(self) -> bool:
        try:
            return self._is_usable()
        except ENGINE_ERRORS:
            return False

    def check_usable(self, control: Control, what: str) -> None:
        with told(what):
            usable = control.call(self._is_usable)
        if not usable:
            raise self.gone(what)

    def _is_usable(self) -> bool:
        # Not by `inspect`: that waits for the engine to start a process, which it never does where all is paused.
        found = self.api.containers(all=True, filters={"id": self.id})
        return bool(found) and found[0]["State"] == "running"

    def kill(self, patience: float) -> bool:
        """Kills all but what goes on. False if that did not happen within `patience` seconds."""
        killer = self.execute(_KILL, *self.spared())
        try:
            item = self.next_item(killer, Control(), patience, "the command could not be stopped")
        except SandboxError:
            return False
        finally:
            killer.close()
        return isinstance(item, Ended) and item.code == 0

    def failure(self, what: str, error: BaseException) -> SandboxError:
        told = sandbox_error(what, error)
        return self.gone(what) if isinstance(told, GoneError) else told

    def remove(self) -> None:
        if self._spare is not None:
            self._spare.close()
        remove(self.api, self.id)
