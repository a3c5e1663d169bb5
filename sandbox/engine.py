"""The Docker engine: reaching it, and saying in words why it did not do what was asked."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException, ImageNotFound, NotFound, StreamParseError
from docker.utils import parse_host

from r1code.control import Control
from r1code.errors import SandboxError

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
_UNSAFE = "Without an engine, --sandbox=none runs commands on this machine, unprotected."
_START = {
    "linux": "start it with `sudo systemctl start docker` (or `sudo dockerd`)",
    "darwin": "start Docker Desktop, or `colima start`; then point DOCKER_HOST to its socket if needed",
}
_START_ELSEWHERE = "start Docker Desktop, or set DOCKER_HOST to a running engine"
_PERMISSION = (
    "add yourself to the group that may use it (`sudo usermod -aG docker $USER`, then log in again), "
    "or run a rootless engine and set DOCKER_HOST"
)


class ContainerGoneError(SandboxError):
    """The container was removed or stopped by somebody else; a new one can be started."""


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
    return docker.from_env(timeout=TIMEOUT_SECONDS)


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
        stopped = error.status_code in {_CONFLICT, _INTERNAL} and "is not running" in why
        if stopped or (isinstance(error, NotFound) and not isinstance(error, ImageNotFound)):
            return ContainerGoneError(
                what,
                why=f"its container was removed or stopped from outside ({why})",
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
