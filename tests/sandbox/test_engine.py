from __future__ import annotations

import socket
import threading
from pathlib import Path

import docker
import docker.errors
import pytest
import requests
from urllib3.exceptions import ProtocolError

from fakes.bench import Cancelling
from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.engine import ENGINE_ERRORS, GoneError, connect, isolation, sandbox_error, told


def api_error(status: int, explanation: str, kind: type[docker.errors.APIError]) -> docker.errors.APIError:
    response = requests.Response()
    response.status_code = status
    return kind("no", response=response, explanation=explanation)


@pytest.mark.parametrize("address", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1"])
def test_without_an_engine_the_person_is_told_how_to_start_one(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(SandboxError) as raised:
        connect(Control())
    assert "does not answer: [Errno" in raised.value.why
    assert "start" in raised.value.hint
    assert "--sandbox=none" in raised.value.hint


def test_without_permission_the_hint_is_another_one():
    error = sandbox_error("x", PermissionError(13, "Permission denied"))
    assert "may not use" in error.why
    assert "docker $USER" in error.hint


def test_an_engine_that_never_answers_can_be_cancelled(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cancelling: Cancelling,
):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "docker.sock"))
        server.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
        control = Control()
        assert cancelling(control, lambda: connect(control), 0.3) < 0.2
        # Hanging up ends the thread that still waits.
        server.accept()[0].close()
    for thread in threading.enumerate():
        if thread.name == "r1code-call":
            thread.join(40)
            assert not thread.is_alive()


def test_every_exception_of_the_client_becomes_a_sandbox_error():
    kinds = [
        kind for kind in vars(docker.errors).values() if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    assert len(kinds) > 15
    assert [kind for kind in kinds if not issubclass(kind, ENGINE_ERRORS)] == []
    for error in (requests.ConnectionError("x"), requests.ReadTimeout("x"), ProtocolError("x"), TimeoutError()):
        with pytest.raises(SandboxError, match="it failed"), told("it failed"):
            raise error


def test_a_bug_is_not_disguised_as_a_failing_engine():
    with pytest.raises(KeyError), told("it failed"):
        raise KeyError
    with pytest.raises(KeyError):
        raise sandbox_error("it failed", KeyError())


@pytest.mark.parametrize(
    ("error", "is_gone"),
    [
        (api_error(404, "No such container: x", docker.errors.NotFound), True),
        (api_error(404, "No such exec instance: x", docker.errors.NotFound), True),
        (api_error(409, "Container x is not running", docker.errors.APIError), True),
        (api_error(500, "Container x is not running: Removal In Progress", docker.errors.APIError), True),
        (api_error(404, "No such image: x", docker.errors.ImageNotFound), False),
        (api_error(500, "no space left", docker.errors.APIError), False),
        (api_error(409, "Conflict. The name is in use", docker.errors.APIError), False),
    ],
)
def test_a_container_that_is_gone_is_told_apart(error: Exception, is_gone: bool):
    assert isinstance(sandbox_error("x", error), GoneError) is is_gone


class Engine(docker.DockerClient):
    """Says of itself what it is told to."""

    def __init__(self, name: str = "Engine", **info: object) -> None:
        self._name = name
        self._info = info

    def info(self) -> dict[str, object]:
        return self._info

    def version(self, *, api_version: bool = True) -> dict[str, object]:
        return {"Components": [{"Name": self._name}]}


RUNTIMES = {"runc": {"path": "runc"}, "io.containerd.runc.v2": {"path": "runc"}}
WITH_GVISOR = RUNTIMES | {"runsc": {"path": "/usr/bin/runsc"}}


@pytest.mark.parametrize(
    ("info", "kind", "runtime"),
    [
        ({"Runtimes": RUNTIMES, "SecurityOptions": ["name=seccomp,profile=default"]}, "docker", None),
        ({"Runtimes": WITH_GVISOR}, "docker (gVisor)", "runsc"),
        ({"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}, "docker (rootless)", None),
        ({"SecurityOptions": ["name=userns"], "Runtimes": None}, "docker (user namespace)", None),
        ({"Runtimes": WITH_GVISOR, "SecurityOptions": ["name=rootless"]}, "docker (gVisor, rootless)", "runsc"),
        ({}, "docker", None),
        ({"name": "Podman Engine", "Runtimes": WITH_GVISOR}, "podman", None),
    ],
)
def test_what_an_engine_offers_is_used_and_named(info: dict[str, object], kind: str, runtime: str | None):
    found = isolation(Engine(**info), Control())
    assert (found.kind, found.runtime) == (kind, runtime)


def test_an_engine_that_does_not_say_what_it_can_do_is_an_error_in_words():
    class Broken(Engine):
        def info(self) -> dict[str, object]:
            raise requests.ConnectionError("gone")

    with pytest.raises(SandboxError, match="asked what it can do"):
        isolation(Broken(), Control())
