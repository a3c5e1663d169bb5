"""The one way out of a container that has a network: a proxy that knows the allowed hosts.

The container of the commands is on a network that leads nowhere, on which there is nothing but the proxy; the
proxy alone is on another one that leads out.
"""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import secrets
import time
from functools import partial
from importlib import resources
from typing import Any

import docker
from docker import APIClient
from docker.types import LogConfig
from msgspec import Struct

from r1code.control import Control
from r1code.naming import first_of
from r1code.sandbox.base import Say
from r1code.sandbox.container import USER, Container, Joined, empty_network, remove, remove_network
from r1code.sandbox.engine import told
from r1code.sandbox.images.image import ensure_image
from r1code.sandbox.inside import WORK
from r1code.sandbox.network import Network
from r1code.sandbox.proxy import Rules, write_rules

_WHAT = "the network of the sandbox could not be made"
_LOST = "the proxy of the sandbox could not be asked"
_PORT = 3128
_FOLDER = "/run/r1code"
_MEMORY = "128m"
_PIDS = 64
_PATIENCE_SECONDS = 3.0
"""With an engine that keeps a network, while somebody waits; what is left then is `prune`'s."""
_UNHURRIED_SECONDS = 30.0
_ALONE = {"com.docker.network.bridge.enable_icc": "false"}
"""Containers on it do not see each other."""
_NOWHERE = {"com.docker.network.bridge.inhibit_ipv4": "true"}
"""The engine's machine has no address on it either: its own services would answer there."""
_READY = f"n=0; until [ -e {_FOLDER}/ready ]; do n=$((n + 1)); [ $n -lt 200 ] || exit 1; sleep 0.05; done"
_START = """import sys, types
for name in ("r1code", "r1code.sandbox", "r1code.sandbox.flow"):
    sys.modules[name] = types.ModuleType(name)
flow, proxy = sys.argv[1:3]
del sys.argv[1:3]
exec(compile(flow, "flow.py", "exec"), sys.modules["r1code.sandbox.flow"].__dict__)
exec(compile(proxy, "proxy.py", "exec"))
"""
"""Of the proxy, which is two sources: nothing of r1code is where it runs."""
_NOTED = (
    f'cd {_FOLDER}/noted 2>/dev/null || exit 0; for f in *; do [ -f "$f" ] && cat "$f" && rm "$f"; done; exit 0'
)


class _Made(Struct, kw_only=True):
    """What the engine has of it."""

    networks: list[str] = []
    """Names: engines do not agree on where they give ids."""
    proxy: str | None = None
    address: str = ""


class Egress:
    """Methods raise SandboxError and Cancelled, `close` nothing."""

    def __init__(self, api: APIClient, network: Network, made: _Made) -> None:
        self._api = api
        self._network = network
        self._made = made
        self._proxy = Container(api, made.proxy) if made.proxy is not None else None

    @property
    def joined(self) -> Joined:
        """How a container gets this way out."""
        if self._proxy is None:
            return Joined(mode=self._made.networks[0])
        # The engine's name server would ask others for the container, and names can carry data. The proxy answers
        # no such question, at once.
        address = self._made.address
        return Joined(mode=self._made.networks[0], variables=_variables(address), name_servers=(address,))

    def wait(self, control: Control) -> None:
        """Until it lets through what it may."""
        if self._proxy is not None:
            self._proxy.ask(_WHAT, control, _READY)

    def refused(self, control: Control) -> str:
        """What was not let through since the last call, as a line for the result of a command; or nothing."""
        if self._proxy is None:
            return ""
        lines = sorted(set(self._proxy.ask(_LOST, control, _NOTED).decode(errors="replace").splitlines()))
        if not lines:
            return ""
        return f"[the network allows only: {self._network.text}; refused: {first_of(lines)}]"

    def close(self) -> None:
        """Once no container uses it any more."""
        if self._proxy is not None:
            self._proxy.remove()
        _unmake(self._api, self._made)


def open_egress(
    client: docker.DockerClient,
    network: Network,
    labels: dict[str, str],
    *,
    say: Say,
    control: Control,
    runtime: str | None = None,
) -> Egress:
    """Makes it, for a policy that is not `none`. Raises SandboxError and Cancelled; then nothing is left."""
    image = ensure_image(client, None, say, control) if network.kind == "allow-list" else None
    wanted = _Wanted(network=network, labels=labels, image=image, runtime=runtime)
    with told(_WHAT):
        made = control.call(
            partial(_make, client.api, wanted), abandoned=partial(_unmake, client.api, seconds=_UNHURRIED_SECONDS)
        )
    egress = Egress(client.api, network, made)
    is_ready = False
    try:
        egress.wait(control)
        is_ready = True
    finally:
        if not is_ready:
            egress.close()
    return egress


class _Wanted(Struct, frozen=True, kw_only=True):
    """What the engine is asked for."""

    network: Network
    labels: dict[str, str]
    image: str | None
    """Of the proxy; without one the way out is open."""
    runtime: str | None


def _make(api: APIClient, wanted: _Wanted) -> _Made:
    made = _Made()
    is_done = False
    try:
        if wanted.image is not None:
            made.networks.append(_network(api, wanted.labels, _NOWHERE, internal=True))
        made.networks.append(_network(api, wanted.labels, _ALONE))
        if wanted.image is not None:
            inside, outside = made.networks
            made.proxy = _proxy(api, wanted, outside)
            api.connect_container_to_network(made.proxy, inside)
            api.start(made.proxy)
            joined: dict[str, Any] = api.inspect_container(made.proxy)["NetworkSettings"]["Networks"]
            made.address = str(joined[inside]["IPAddress"])
        is_done = True
    finally:
        if not is_done:
            _unmake(api, made)
    return made


def _unmake(api: APIClient, made: _Made, seconds: float = _PATIENCE_SECONDS) -> None:
    if made.proxy is not None:
        remove(api, made.proxy)
    deadline = time.monotonic() + seconds
    for network in made.networks:
        # A container that is being removed, by another thread or by the engine itself, may be on it for a while.
        while not remove_network(api, network) and time.monotonic() < deadline:
            empty_network(api, network)
            time.sleep(0.05)


def _network(api: APIClient, labels: dict[str, str], options: dict[str, str], *, internal: bool = False) -> str:
    name = f"r1code-{secrets.token_hex(6)}"
    api.create_network(name, driver="bridge", options=options, labels=labels, internal=internal)
    return name


def _proxy(api: APIClient, wanted: _Wanted, outside: str) -> str:
    """A container with the proxy in it, not started: its program is an argument, so nothing is copied in."""
    rules = write_rules(Rules(hosts=wanted.network.hosts, upstream=wanted.network.upstream, folder=_FOLDER))
    confined = api.create_host_config(
        network_mode=outside,
        extra_hosts=wanted.network.known,
        read_only=True,
        tmpfs={_FOLDER: "rw,noexec,nosuid,nodev,size=1m,mode=1777"},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        init=True,
        auto_remove=True,
        pids_limit=_PIDS,
        mem_limit=_MEMORY,
        memswap_limit=_MEMORY,
        log_config=LogConfig(type=LogConfig.types.NONE),
        runtime=wanted.runtime,
    )
    made = api.create_container(
        wanted.image,
        entrypoint=["python3", "-I", "-c"],
        command=[*program(), rules, str(_PORT)],
        user=USER,
        working_dir=WORK,
        hostname="proxy",
        labels=wanted.labels,
        healthcheck={"test": ["NONE"]},
        host_config=confined,
        use_config_proxy=False,
    )
    return str(made["Id"])


def program() -> list[str]:
    """The arguments of a Python that make it the proxy, before those of the proxy itself."""
    folder = resources.files("r1code.sandbox")
    flow, proxy = (folder.joinpath(name).read_text(encoding="utf-8") for name in ("flow.py", "proxy.py"))
    return [_START, flow, proxy]


def _variables(address: str) -> dict[str, str]:
    """What programs that reach out look at. Java has none of its own: its tools take options."""
    url = f"http://{address}:{_PORT}"
    java = " ".join(f"-D{kind}.proxyHost={address} -D{kind}.proxyPort={_PORT}" for kind in ("http", "https"))
    return {
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), url),
        **dict.fromkeys(("no_proxy", "NO_PROXY"), "localhost,127.0.0.1,::1"),
        **dict.fromkeys(("MAVEN_OPTS", "GRADLE_OPTS"), java),
        "NODE_USE_ENV_PROXY": "1",
    }
