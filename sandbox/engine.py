"""The Docker engine: reaching it, and saying in words why it did not do what was asked."""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException, ImageNotFound, NotFound, StreamParseError
from docker.utils import parse_host
from msgspec import Struct

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.inside import GoneError

TIMEOUT_SECONDS = 60
"""How long the engine may be silent before it counts as gone."""

ENGINE_ERRORS = (
    DockerException,
    StreamParseError,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
)
"""All that the SDK lets through when the engine fails."""

_CONFLICT = 409
_INTERNAL = 500
_SOCKET = "http+unix://"
GONE = "its container was removed, stopped or paused from outside"
_UNUSABLE = ("is not running", "is paused")
GVISOR = "runsc"
Kind = Literal["docker", "podman"]
_MARKS = {"name=rootless": "rootless", "name=userns": "user namespace"}
_UNSAFE = (
    "Without an engine: --sandbox=bubblewrap on Linux, --sandbox=seatbelt on macOS, "
    "or --sandbox=none, which runs commands on this machine, unprotected."
)
_START = {
    "linux": "start it with `sudo systemctl start docker` (or `sudo dockerd`)",
    "darwin": "start Docker Desktop, or `colima start`; then point DOCKER_HOST to its socket if needed",
}
_START_ELSEWHERE = "start Docker Desktop, or set DOCKER_HOST to a running engine"
_PERMISSION = (
    "add yourself to the group that may use it (`sudo usermod -aG docker $USER`, then log in again), "
    "or run a rootless engine and set DOCKER_HOST"
)


def connect(control: Control) -> docker.DockerClient:
    """A client for the engine that DOCKER_HOST or the platform's default names."""
    with told("no Docker engine could be used"):
        return control.call(_connect, abandoned=_close)


def _connect() -> docker.DockerClient:
    address = str(parse_host(os.environ.get("DOCKER_HOST")))
    if address.startswith(_SOCKET):
        # The SDK leaks its socket where this fails, and hides the reason in a text.
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(TIMEOUT_SECONDS)
            probe.connect(address.removeprefix(_SOCKET))
    elif (where := urlsplit(address)).scheme in {"http", "https"} and where.hostname and where.port:
        socket.create_connection((where.hostname, where.port), timeout=TIMEOUT_SECONDS).close()
    return docker.from_env(timeout=TIMEOUT_SECONDS)


class Isolation(Struct, frozen=True, kw_only=True):
    """How an engine separates its containers from the machine, besides what we ask of it."""

    engine: Kind = "docker"
    runtime: str | None = None
    """What runs them, where that is better than what the engine would take by itself."""
    marks: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return f"{self.engine} ({', '.join(self.marks)})" if self.marks else self.engine

    def in_memory(self, options: str) -> str:
        """Options of a folder in memory as far as the engine takes them: Podman takes no owner."""
        return options if self.engine == "docker" else "notmpcopyup,mode=1777"

    def opened(self, api: docker.APIClient, container_id: str, folders: Iterable[str]) -> None:
        """Lets everybody write to these folders of a started container, where they have no owner of ours.

        The mode that was asked for is lost where the image has such a folder: runc gives it that one's.
        """
        if self.engine == "docker":
            return
        command = ["chmod", "1777", *(f"/{folder}" for folder in folders)]
        made: dict[str, Any] = api.exec_create(container_id, command, user="0:0", workdir="/")
        api.exec_start(made["Id"])


def isolation(client: docker.DockerClient, control: Control) -> Isolation:
    """What the engine says that it can do. Raises SandboxError and Cancelled."""
    with told("the engine could not be asked what it can do"):
        info: dict[str, Any] = control.call(client.info)
        engine: Kind = control.call(lambda: engine_of(client))
    # Podman names every runtime that it knows, installed or not.
    runtime = GVISOR if engine == "docker" and GVISOR in (info.get("Runtimes") or {}) else None
    options = {
        part for option in info.get("SecurityOptions") or () for part in str(option).split(",") if part in _MARKS
    }
    marks = ("gVisor",) if runtime else ()
    return Isolation(
        engine=engine, runtime=runtime, marks=marks + tuple(_MARKS[option] for option in sorted(options))
    )


def engine_of(client: docker.DockerClient) -> Kind:
    """Who answers at the engine's address. Raises what the SDK does."""
    parts: list[dict[str, Any]] = client.version().get("Components") or []
    return "podman" if any("podman" in str(part.get("Name", "")).lower() for part in parts) else "docker"


def is_local() -> bool:
    """The engine's address is one of this machine's files; another one may be anywhere."""
    return str(parse_host(os.environ.get("DOCKER_HOST"))).startswith((_SOCKET, "npipe://"))


def _close(client: docker.DockerClient) -> None:
    client.close()


@contextmanager
def told(what: str) -> Generator[None, None, None]:
    """Turns whatever the engine's client raises into a SandboxError that begins with `what`."""
    try:
        yield
    except ENGINE_ERRORS as error:
        raise sandbox_error(what, error) from error


def sandbox_error(what: str, error: BaseException) -> SandboxError:
    """The one place where an engine's failure becomes words. Raises what is not one."""
    if not isinstance(error, ENGINE_ERRORS):
        raise error
    if isinstance(error, APIError):
        why = str(error.explanation or error)
        # A conflict, or an internal error where the container stops between two looks of the engine.
        stopped = error.status_code in {_CONFLICT, _INTERNAL} and any(state in why for state in _UNUSABLE)
        if stopped or (isinstance(error, NotFound) and not isinstance(error, ImageNotFound)):
            return GoneError(
                what,
                why=f"{GONE} ({why})",
                hint="try again: a new container will be started",
            )
        return SandboxError(what, why=why, hint="see the engine's log for more, or restart the engine")
    why = str(error)
    if isinstance(error, PermissionError):
        return SandboxError(
            what, why="this user may not use the Docker engine's socket", hint=f"{_PERMISSION}. {_UNSAFE}"
        )
    start = _START.get(sys.platform, _START_ELSEWHERE)
    return SandboxError(what, why=f"the engine does not answer: {why}", hint=f"{start}. {_UNSAFE}")
