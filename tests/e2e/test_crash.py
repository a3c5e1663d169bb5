"""What dies under a whole session: what R1 had edited stays, the error says what to do, nothing is left over."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import docker
import pytest

from e2e.conftest import FIX, Repo

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]
SERVER = '<run background="web" ready="up">echo up; sleep 600</run>'


def kill(process: subprocess.Popen[str], _repo: Repo) -> None:
    process.kill()


def remove(_process: subprocess.Popen[str], repo: Repo) -> None:
    client = docker.from_env()
    try:
        for container in repo.containers():
            client.api.remove_container(container, force=True)
    finally:
        client.close()


@pytest.mark.parametrize(("crash", "code"), [(kill, -9), (remove, 7)])
def test_an_edit_outlives_what_dies_under_it_and_nothing_is_left(
    repo: Repo, crash: Callable[[subprocess.Popen[str], Repo], None], code: int
) -> None:
    before = repo.files()
    replies = repo.replies(FIX, f"{SERVER}\n<run>echo started; sleep 60</run>", "<done>ok</done>")
    command = [str(repo.script), "-p", "Go.", "--json", *replies]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=repo.root, env=repo.environ, **pipes) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "started" in str(json.loads(line).get("text", "")) and "CommandOutput" in line:
                break
        edited = repo.files()
        assert edited != before
        crash(process, repo)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    if code > 0:
        assert "removed, stopped or paused" in errors
        assert "next:" in errors
    assert repo.files() == edited
    assert repo.run("undo").code == 0
    assert repo.files() == before
    assert repo.run("-p", "Go.", *repo.replies("<done>ok</done>")).code == 0
    assert repo.containers() == []
