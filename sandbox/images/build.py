"""Making a project's image: in containers that hold manifests and nothing else of this machine.

What installs packages runs code that others wrote, with a network. So it runs in a container, the
project's part as a user without rights, and what this machine needs to reach an index lies where nothing is
kept: in memory, and in the variables of single commands.
"""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import codecs
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

import docker
import msgspec
from docker.types import LogConfig
from msgspec import Struct

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.archive import Archive
from r1code.sandbox.base import Say
from r1code.sandbox.container import KEEPER, USER, Joined, remove
from r1code.sandbox.egress import Egress, open_egress
from r1code.sandbox.engine import Isolation, isolation, sandbox_error, told
from r1code.sandbox.environments.environment import SOURCE, Step, source_of
from r1code.sandbox.environments.recipe import ENVIRONMENT, REPOSITORY, Layer, Recipe
from r1code.sandbox.images.disk import LOOK_SECONDS, Disk
from r1code.sandbox.images.image import has_image, remove_image
from r1code.sandbox.images.mirrors import CA, PLACE, Mirrors, without_credentials
from r1code.sandbox.inside import Ended
from r1code.sandbox.network import INDEXES, Network
from r1code.sandbox.stream import Exec, order

_LIFE_SECONDS = 2 * 3600
_COMMIT_SECONDS = 600
_TAIL = 20
_SAY_SECONDS = 0.5
_WHAT = "the project's environment could not be built"
_NOT_COPIED = "the manifests could not be copied into the container that builds"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_KILLED = 137
_ADVICE: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("temporary failure", "could not resolve", "enotfound", "connection", "network"),
        "no package index answered: `r1code sandbox doctor` says which ones do",
    ),
    (
        ("certificate",),
        "the index's certificate is not trusted: point SSL_CERT_FILE to your certificates, and build again",
    ),
    (
        ("gcc", "cc1", "fatal error:", "pg_config", "pkg-config"),
        "it is built from source: name Debian packages that it lacks as `packages` in .r1code/config.toml",
    ),
    (
        ("no matching distribution", "resolutionimpossible", "eresolve"),
        "correct the requirement in the project's files, or ask for another version of the language there",
    ),
)
"""Words in an output, in small letters, and what to do then."""
_ADVICE_ELSE = (
    "correct what it names; add Debian packages with packages = [...] in .r1code/config.toml, or use --image"
)
_IN_MEMORY = {"tmp": "mode=1777", "home/r1code": "uid=1000,gid=1000,mode=0755", PLACE[1:]: "mode=0755"}
"""Folders that are not part of what is kept."""
_ROOT_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETGID", "SETUID"]
"""What installing Debian packages takes. The steps of a project run as another user, and have none of them."""
_STEP = 'mkdir -p "$1" && cd "$1" || exit; exec /bin/sh -c "$2" </dev/null 2>&1'
_COPY = 'mkdir -p "$2" && head -c "$1" | tar -x -f - -C "$2" -m --no-same-owner'
_KEEP = 'head -c "$1" >"$2"'


class BuildLimits(Struct, frozen=True, kw_only=True):
    memory_mb: int = 4096
    """Its files in memory included: /tmp and the home folder."""
    temporary_mb: int = 2048
    disk_mb: int = 10_000
    """What one layer may write, looked at every few seconds."""
    pids: int = 1024
    cpus: float = 2.0
    seconds: float = 1800.0
    """For all steps together."""


class Building(Struct, frozen=True, kw_only=True):
    """What all steps of a build have in common."""

    mirrors: Mirrors
    labels: dict[str, str]
    """Of the containers, so that those of a killed build are found."""
    limits: BuildLimits = BuildLimits()
    no_cache: bool = False
    network: Network


class Builder:
    """Methods raise SandboxError and Cancelled; then no container is left."""

    def __init__(self, client: docker.DockerClient, building: Building, say: Say, control: Control) -> None:
        self._client = client
        self._building = building
        self._say = say
        self._control = control
        self._deadline = time.monotonic() + building.limits.seconds
        self._egress: Egress | None = None
        self._disk: Disk | None = None
        self._isolation: Isolation | None = None
        self._removing: list[threading.Thread] = []

    def build(self, recipe: Recipe, files: Mapping[str, bytes]) -> str:
        """The name of the image; it has it, or makes it, layer by layer. `files`: the manifests."""
        try:
            return self._build(recipe, files)
        finally:
            self._leave()

    def _build(self, recipe: Recipe, files: Mapping[str, bytes]) -> str:
        image = recipe.base.name
        for number, layer in enumerate(recipe.layers, 1):
            is_last = number == len(recipe.layers)
            tag = recipe.tag if is_last else self._tag(image, layer)
            if has_image(self._client, tag, self._control) and not self._building.no_cache:
                self._say(f"{layer.title}: already there")
            else:
                self._make(image, layer, tag, files)
            image = tag
        return image

    def fails(self, image: str, layer: Layer, command: str) -> str:
        """What a command says where it fails in such a container; empty where it does not. Nothing is kept."""
        try:
            self._make(
                image, msgspec.structs.replace(layer, steps=(Step(command=command, folder=PLACE),)), None, {}
            )
        except SandboxError as error:
            return error.why.rpartition("\n")[2].strip()
        finally:
            self._leave()
        return ""

    def _tag(self, image: str, layer: Layer) -> str:
        with told(_WHAT):
            found = self._control.call(lambda: self._client.images.get(image))
        digest = hashlib.sha256(msgspec.json.encode([str(found.id), layer]))
        return f"{REPOSITORY}:{digest.hexdigest()[:16]}"

    def _make(self, image: str, layer: Layer, tag: str | None, files: Mapping[str, bytes]) -> None:
        joined = self._way_out()
        with told(_WHAT):
            container_id = self._control.call(
                lambda: self._create(image, layer, joined), abandoned=lambda made: remove(self._client.api, made)
            )
        self._disk = disk = Disk(self._client.api, container_id, self._building.limits.disk_mb)
        try:
            if self._building.mirrors.ca:
                self._put(
                    container_id,
                    "root",
                    self._building.mirrors.ca,
                    _KEEP,
                    str(len(self._building.mirrors.ca)),
                    CA,
                )
            if layer.files:
                self._copy(container_id, layer, files)
            for number, step in enumerate(layer.steps, 1):
                title = f"{layer.title}, step {number} of {len(layer.steps)}"
                self._step(container_id, layer, step, title)
            if tag is not None:
                disk.check(self._control, now=True)
                self._commit(container_id, tag)
        finally:
            self._remove(partial(remove, self._client.api, container_id))

    def _remove(self, what: Callable[[], None]) -> None:
        # Not a daemon: the interpreter waits for it, so that nothing is left behind.
        self._removing.append(threading.Thread(target=what, name="r1code-remove"))
        self._removing[-1].start()

    def _way_out(self) -> Joined:
        """A network on which no other container is; those of a build do not see each other either."""
        network, labels = self._building.network, self._building.labels
        if network.kind == "none":
            return Joined()
        if self._egress is None:
            self._egress = open_egress(self._client, network, labels, say=self._say, control=self._control)
        return self._egress.joined

    def _leave(self) -> None:
        """Removes the way out, once the containers are gone from it."""
        egress, self._egress = self._egress, None
        before = tuple(self._removing)

        def work() -> None:
            for thread in before:
                thread.join()
            if egress is not None:
                egress.close()

        self._remove(work)

    def _create(self, image: str, layer: Layer, joined: Joined) -> str:
        api, limits = self._client.api, self._building.limits
        memory = f"{limits.memory_mb}m"
        temporary = f"rw,exec,nosuid,nodev,size={limits.temporary_mb}m"
        confined = api.create_host_config(
            tmpfs={
                f"/{folder}": f"{temporary},{self._how().in_memory(mode)}" for folder, mode in _IN_MEMORY.items()
            },
            network_mode=joined.mode,
            dns=list(joined.name_servers),
            cap_drop=["ALL"],
            cap_add=_ROOT_CAPABILITIES if layer.user == "root" else [],
            security_opt=["no-new-privileges"],
            init=True,
            auto_remove=True,
            pids_limit=limits.pids,
            mem_limit=memory,
            memswap_limit=memory,
            cpu_period=100_000,
            cpu_quota=int(limits.cpus * 100_000),
            log_config=LogConfig(type=LogConfig.types.NONE),
        )
        made = api.create_container(
            image,
            entrypoint=["env"],
            command=["sleep", str(_LIFE_SECONDS)],
            # Only what runs in a container of root's can be given root's capabilities.
            user="0:0" if layer.user == "root" else KEEPER,
            working_dir="/",
            environment=self._variables(image, layer),
            labels=self._building.labels,
            healthcheck={"test": ["NONE"]},
            host_config=confined,
            use_config_proxy=False,
        )
        container_id: str = made["Id"]
        started = False
        try:
            api.start(container_id)
            self._how().opened(api, container_id, _IN_MEMORY)
            started = True
        finally:
            if not started:
                remove(api, container_id)
        return container_id

    def _how(self) -> Isolation:
        if self._isolation is None:
            self._isolation = isolation(self._client, self._control)
        return self._isolation

    def _variables(self, image: str, layer: Layer) -> dict[str, str]:
        """What the image keeps: what it is made from has, and what the layer adds."""
        listed: list[str] = self._client.images.get(image).attrs["Config"].get("Env") or []
        kept = {name: value for name, _, value in (line.partition("=") for line in listed)}
        path = kept.get("PATH", _PATH)
        return kept | {name: value.replace("$PATH", path) for name, value in layer.variables.items()}

    def _copy(self, container_id: str, layer: Layer, files: Mapping[str, bytes]) -> None:
        archive = Archive()
        for path in layer.files:
            archive.add(path, "file", 0o644, without_secrets(files[path]))
        data = b"".join(archive)
        self._put(container_id, layer.user, data, _COPY, str(len(data)), SOURCE)

    def _put(self, container_id: str, user: str, data: bytes, script: str, *args: str) -> None:
        running = self._exec(container_id, user)
        running.go(order(script, args), [data])
        code = self._follow(running, _NOT_COPIED, lambda _: None)
        if code != 0:
            raise SandboxError(
                _NOT_COPIED, why=f"a helper ended with {code}", hint="use another image with --image"
            )

    def _exec(self, container_id: str, user: str) -> Exec:
        return Exec(self._client.api, container_id, {"user": "0:0" if user == "root" else USER})

    def _step(self, container_id: str, layer: Layer, step: Step, title: str) -> None:
        self._say(f"{title}: {step.command}")
        home = {"HOME": "/root" if layer.user == "root" else "/home/r1code", "DEBIAN_FRONTEND": "noninteractive"}
        running = self._exec(container_id, layer.user)
        place = "/" if layer.user == "root" else source_of(step.folder)
        way_out = self._egress.joined.variables if self._egress is not None else {}
        # The machine's own proxy is used by ours, where there is one.
        running.go(order(_STEP, (place, step.command), home | self._building.mirrors.variables | way_out))
        tail = _Tail(self._say)
        code = self._follow(running, _WHAT, tail.add)
        if code != 0:
            raise SandboxError(
                f"{_WHAT}: {title} ended with {code}",
                why=f"`{step.command}` failed; the end of its output:\n{tail.text or '    (nothing)'}",
                hint=self._refused() or _advice(tail.text, code, self._building.limits),
            )

    def _refused(self) -> str:
        """What to do where a step asked for a host that it may not reach; nothing where it did not."""
        line = self._egress.refused(self._control) if self._egress is not None else ""
        return (
            f'{line}; if it needs that: build_network = "{INDEXES},HOST" in your own configuration'
            if line
            else ""
        )

    def _follow(self, running: Exec, what: str, on: Callable[[bytes], None]) -> int | None:
        try:
            while True:
                left = self._deadline - time.monotonic()
                if self._disk is not None:
                    self._disk.check(self._control)
                try:
                    item = self._control.get(running.items, max(min(left, LOOK_SECONDS), 0.0))
                except TimeoutError as error:
                    if left > LOOK_SECONDS:
                        continue
                    raise SandboxError(
                        what,
                        why=f"it took longer than {self._building.limits.seconds:g} s",
                        hint="build again: layers that were finished are kept; or bring an image with --image",
                    ) from error
                if isinstance(item, Ended):
                    if item.error is not None:
                        raise sandbox_error(what, item.error) from item.error
                    return item.code
                on(item[1])
        finally:
            running.close()

    def _commit(self, container_id: str, tag: str) -> None:
        repository, _, name = tag.partition(":")
        self._say("keeping what was installed")
        changes = ['CMD ["bash"]', "USER 1000:1000", "WORKDIR /workspace"]
        changes += [f"LABEL {ENVIRONMENT}={name}", *(f'LABEL {key}=""' for key in self._building.labels)]
        client = self._client
        with told(_WHAT):
            replaced = [str(image["Id"]) for image in client.api.images(tag)]
            before, client.api.timeout = client.api.timeout, _COMMIT_SECONDS
            try:
                self._control.call(
                    lambda: client.api.commit(
                        container_id, repository=repository, tag=name, changes="\n".join(changes)
                    )
                )
            finally:
                client.api.timeout = before
        for image in replaced:
            remove_image(client, image)


class _Tail:
    """The last lines of an output; now and then one of them is said."""

    def __init__(self, say: Say) -> None:
        self.lines: list[str] = []
        self._say = say
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._open = ""
        self._said = 0.0

    @property
    def text(self) -> str:
        return "\n".join(f"    {line}" for line in self.lines)

    def add(self, data: bytes) -> None:
        whole, _, self._open = (self._open + self._decoder.decode(data)).replace("\r", "\n").rpartition("\n")
        lines = [line.rstrip() for line in whole.split("\n") if line.strip()]
        self.lines = [*self.lines, *lines][-_TAIL:]
        if lines and time.monotonic() - self._said > _SAY_SECONDS:
            self._said = time.monotonic()
            self._say(f"  {lines[-1]}")


def without_secrets(data: bytes) -> bytes:
    """A manifest as it enters a build: without the credentials that addresses in it may hold."""
    if b"://" not in data:
        return data
    return without_credentials(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _advice(output: str, code: int | None, limits: BuildLimits) -> str:
    if code == _KILLED:
        return (
            f"it may need more memory than the limit of {limits.memory_mb} MB; else bring an image with --image"
        )
    low = output.lower()
    return next((advice for words, advice in _ADVICE if any(word in low for word in words)), _ADVICE_ELSE)
