"""`r1code serve up --in container`: on the real engine, with a stand-in for vLLM's image."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import NotFound

from fakes.engine import engine
from fakes.ports import free_port
from fakes.spawned import until
from fakes.vllm_image import vllm_image, weights
from r1code.app.folders import state_folder
from r1code.cli.main import main
from r1code.control import Control
from r1code.serving.plan.alternatives import plan
from r1code.serving.plan.checkpoint import model_in
from r1code.serving.plan.facts import Wishes
from r1code.serving.plan.gpus import machine_of
from r1code.serving.plan.plan import Plan
from r1code.serving.run.container import cleanup_of, container_argv, container_name
from r1code.serving.run.process import follow, last_lines, shown, start, stop
from r1code.serving.run.state import Kept, Server

__all__ = ["engine"]
pytestmark = pytest.mark.docker
NAME = f"test-{os.getpid()}"
KEY = "sk-of-this-test"


@pytest.fixture
def image(engine: docker.DockerClient) -> Iterator[str]:
    with vllm_image(engine, NAME) as tag:
        yield tag


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return weights(tmp_path)


def there(engine: docker.DockerClient) -> dict[str, Any] | None:
    try:
        return dict(engine.containers.get(container_name(NAME)).attrs)
    except NotFound:
        return None


def test_a_container_is_started_shown_and_ended_as_a_process_is(
    engine: docker.DockerClient, image: str, folder: Path
) -> None:
    client, number = shutil.which("docker"), free_port()
    assert client is not None
    made = plan(model_in(folder), machine_of("24GiB@8.9", lambda: pytest.fail("asked")), Wishes(port=number))
    assert isinstance(made, Plan)
    argv = container_argv(made, NAME, engine=client, image=image, more=())
    # This engine has no GPUs to give.
    at = argv.index("--gpus")
    assert argv[at + 1] == "1"
    kept = Kept(state_folder() / "servers" / NAME)
    server = Server(
        name=NAME,
        argv=(*argv[:at], *argv[at + 2 :]),
        cleanup=cleanup_of(NAME, client),
        environment={},
        host="127.0.0.1",
        port=number,
        base_url=made.base_url,
        served=made.served,
        profile=NAME,
        window=made.window,
        tokens=1,
        drain_seconds=5.0,
        started=0.0,
    )
    try:
        start(kept, server, {**os.environ, "VLLM_API_KEY": KEY})
        assert "CUDA graphs captured in 4 s" in [one.text for one in follow(kept, Control())]
        assert shown(kept).state == "ready"
        one = there(engine)
        assert one is not None
        assert one["HostConfig"]["PortBindings"] == {
            f"{number}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(number)}]
        }
        (mount,) = one["Mounts"]
        assert (mount["Source"], mount["Destination"], mount["RW"]) == (str(folder), "/weights", False)
        assert one["HostConfig"]["CapDrop"] == ["ALL"]
        assert one["HostConfig"]["ShmSize"] == 16 << 30
        assert f"VLLM_API_KEY={KEY}" in one["Config"]["Env"]
        assert "HF_HUB_OFFLINE=1" in one["Config"]["Env"]
        # The key is in no list of processes, and in no file.
        assert KEY not in json.dumps([one["Args"], server.argv])
        assert [file for file in kept.folder.iterdir() if KEY in file.read_text()] == []
        # A client that is killed leaves its container: that goes, and another one is started.
        now = kept.now()
        assert now is not None
        assert now.pid is not None
        os.kill(now.pid, signal.SIGKILL)
        until(lambda: shown(kept).restarts == 1 and shown(kept).state == "ready")
        again = there(engine)
        assert again is not None
        assert again["Id"] != one["Id"]
        stop(kept, Control(), at_once=False)
        assert shown(kept).state == "stopped"
        assert there(engine) is None
        assert any("Graph capturing finished" in line for line in last_lines(kept.log, 50))
    finally:
        if kept.is_supervised():
            stop(kept, Control(), at_once=True)


def test_an_engine_without_gpus_says_so(
    engine: docker.DockerClient, image: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "up",
        str(folder),
        "--gpus",
        "24GiB@8.9",
        "--name",
        NAME,
        "--port",
        str(free_port()),
        "--in",
        "container",
    ]
    code = int(main(["serve", *words, "--image", "r1code-test-vllm:nowhere"]))
    assert code == 2
    assert "the image r1code-test-vllm:nowhere is not here" in capsys.readouterr().err
    code = int(main(["serve", *words, "--image", image]))
    said = capsys.readouterr().err
    assert code == 6, said
    assert "the engine gives no GPU to a container" in said
    assert there(engine) is None
