"""r1code contacts the chosen backend and the Docker engine, and nothing else."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import docker
import pytest

from e2e.conftest import FIX, Repo, passes
from fakes.connections import Connections
from fakes.live import weights
from fakes.server import FakeServer, told
from r1code.types import ExitCode

__all__ = ["weights"]

TEST = ["--test", "python3 -m pytest -q"]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@pytest.fixture
def connections(repo: Repo, tmp_path: Path) -> Connections:
    made = Connections(tmp_path)
    repo.env.update(made.env)
    return made


def engine_sockets() -> set[str]:
    client = docker.from_env()
    try:
        url = client.api.base_url
    finally:
        client.close()
    return (
        {"/var/run/docker.sock"} if url.startswith("http+docker") else {url.partition("://")[2].partition(":")[0]}
    )


def test_a_wrong_network_is_said_before_anything_is_asked_or_downloaded(repo: Repo) -> None:
    ran = repo.run("-p", "x", "--network", "1.2.3.4", "--profile", "embedded", "--sandbox", "none")
    assert ran.code == ExitCode.USAGE
    assert "'1.2.3.4' in the setting network is not the name of a host" in ran.err
    assert "sandbox" not in ran.err + ran.out


def test_the_recorder_sees_a_connection_and_a_look_up(connections: Connections) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = (
            f"import socket; socket.create_connection(('localhost', {server.getsockname()[1]})).close()\n"
            "import subprocess, sys; subprocess.run([sys.executable, '-c', "
            "'import socket; socket.getaddrinfo(\"elsewhere.invalid\", 1)'])"
        )
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **connections.env},
            capture_output=True,
            check=True,
        )
    assert {"localhost", "127.0.0.1", "elsewhere.invalid"} <= connections.hosts


@pytest.mark.docker
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("engine")
def test_without_a_backend_only_the_engine_is_contacted(repo: Repo, connections: Connections) -> None:
    ran = repo.run("fix", *TEST, *repo.replies(f"{FIX}\n<test/>", "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    assert connections.hosts == engine_sockets()


@pytest.mark.docker
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("engine")
def test_beside_the_engine_only_the_chosen_server_is_contacted(repo: Repo, connections: Connections) -> None:
    with FakeServer([told(FIX), told("<done>ok</done>")]) as server:
        chosen = ["--profile", "openai-compatible", "--base-url", server.url, "--model", "m"]
        ran = repo.run("fix", *TEST, *chosen)
    assert ran.code == 0, ran.out + ran.err
    assert len(server.chats) == 2
    assert connections.hosts - engine_sockets() <= LOOPBACK


@pytest.mark.docker
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("engine")
@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0,
    reason="a network namespace without interfaces needs root on Linux",
)
def test_a_fix_needs_no_network_at_all(repo: Repo) -> None:
    replies = repo.replies(f"{FIX}\n<test/>", "<done>ok</done>")
    command = ["unshare", "--net", str(repo.script), "fix", *TEST, *replies]
    done = subprocess.run(command, cwd=repo.root, env=repo.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert passes(repo.root)


@pytest.mark.docker
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("engine")
def test_the_embedded_model_ends_honestly_and_stays_on_this_machine(
    repo: Repo, connections: Connections, weights: Path
) -> None:
    repo.env["R1CODE_MODEL"] = str(weights)
    before = repo.files()
    ran = repo.run("fix", *TEST, "--profile", "embedded", "--seed", "1", "--steps", "8", "--json")
    finished = ran.events[-1]
    verdict = next(event["verdict"] for event in ran.events if event["event"] == "VerdictReached")
    # What it says of itself is what a run of the tests outside of it says.
    assert (ran.code == 0) == passes(repo.root) == (verdict["outcome"] == "fixed") == finished["applied"]
    assert ran.code in {0, 1, 5}, ran.err
    assert finished["exit_code"] == ran.code
    if ran.code:
        assert repo.files() == before
    else:
        assert repo.files().keys() == before.keys()
    assert connections.hosts - engine_sockets() <= LOOPBACK
