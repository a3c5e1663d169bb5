"""`r1code serve up --in compose`: Docker Compose itself on the real engine, with a stand-in for vLLM's image."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from ruamel.yaml import YAML

from fakes.engine import engine
from fakes.ports import free_port
from fakes.spawned import until
from fakes.vllm_image import vllm_image, weights
from r1code.app.folders import state_folder, user_profiles
from r1code.app.keys import Keys, key_file
from r1code.cli.main import main
from r1code.profiles import find_profile
from r1code.serving.run.compose import project_name
from r1code.serving.run.state import Kept

__all__ = ["engine"]
# With what a project's name does not take, and what stands for it there.
NAME = f"test_{os.getpid()}.5b"
PROJECT = project_name(NAME)
COMPOSE = Path(sys.executable).with_name("docker-compose")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str) -> tuple[int, str, str]:
        return (int(main(["serve", *words])), *capsys.readouterr())

    return run


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`docker compose`, in a configuration of Docker's own."""
    made = tmp_path / "docker/cli-plugins/docker-compose"
    made.parent.mkdir(parents=True)
    made.symlink_to(COMPOSE)
    monkeypatch.setenv("DOCKER_CONFIG", str(made.parents[1]))
    return made


@pytest.fixture
def no_gpus(tmp_path: Path, plugin: Path) -> Path:
    """A plugin that takes the GPUs out of a project, for this engine has none. All else is the real one's."""
    without = tmp_path / "none.yaml"
    without.write_text("services: {vllm: {deploy: !reset null}}\n")
    plugin.unlink()
    plugin.write_text(
        f"""#!/bin/sh
if [ "$1 $3" = "--project-name --file" ]; then
  name=$2 file=$4
  shift 4
  set -- --project-name "$name" --file "$file" --file "{without}" "$@"
fi
exec "{COMPOSE}" "$@"
"""
    )
    plugin.chmod(0o755)
    return plugin


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """Of the servers; Compose would fill in what looks like a variable."""
    made = "sk-with-$HOME-and-$$"
    monkeypatch.setenv("VLLM_API_KEY", made)
    return made


@pytest.fixture(autouse=True)
def nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if kept().folder.exists() and kept().is_supervised():
        main(["serve", "down", NAME, "--now"])
    if "engine" in request.fixturenames:
        assert left(request.getfixturevalue("engine")) == []


def kept() -> Kept:
    return Kept(state_folder() / "servers" / NAME)


def left(engine: docker.DockerClient) -> list[Any]:
    """What the engine has of the project."""
    of = {"label": f"com.docker.compose.project={PROJECT}"}
    return [
        *engine.containers.list(all=True, filters=of),
        *engine.networks.list(filters=of),
        *engine.volumes.list(filters=of),
    ]


def the_container(engine: docker.DockerClient) -> Any:
    (found,) = engine.containers.list(filters={"label": f"com.docker.compose.project={PROJECT}"})
    return found


def exit_of(engine: docker.DockerClient, one: Any) -> str:
    """How a container ended that is gone by now."""
    about = {"container": one.id, "event": "die"}
    (end,) = engine.events(since=0, until=int(time.time()) + 1, filters=about, decode=True)
    return str(end["Actor"]["Attributes"]["exitCode"])


def port() -> str:
    return str(free_port())


def words(folder: Path, image: str, number: str) -> list[str]:
    place = ["--in", "compose", "--image", image, "--port", number]
    return ["up", str(folder), "--gpus", "24GiB@8.9", "--name", NAME, *place]


def status(run: Run) -> tuple[str, int]:
    ((state, restarts),) = [(one["state"], one["restarts"]) for one in json.loads(run("status", "--json")[1])]
    return state, restarts


@pytest.mark.docker
def test_a_project_is_started_asked_shown_and_ended_as_a_process_is(
    engine: docker.DockerClient, no_gpus: Path, key: str, run: Run
) -> None:
    folder, number = weights(no_gpus.parent), port()
    with vllm_image(engine, f"up-{os.getpid()}") as image:
        code, shown, said = run(*words(folder, image, number), "--vllm-arg=--note=$HOME")
        assert code == 0, said
        assert shown == f"r1code --profile {NAME}\n"
        assert [
            one for one in ("weights: 2 of 2 files", "captured in 4 s", "it answers") if one not in said
        ] == []
        assert find_profile(NAME, user_profiles()).base_url == f"http://localhost:{number}/v1"
        assert status(run) == ("ready", 0)
        # Compose itself: a client of Docker's that is too old hands on nobody's wish to end.
        assert kept().server().argv[0] == str(no_gpus)
        one = the_container(engine)
        host, config = one.attrs["HostConfig"], one.attrs["Config"]
        assert host["PortBindings"] == {f"{number}/tcp": [{"HostIp": "127.0.0.1", "HostPort": number}]}
        (mount,) = one.attrs["Mounts"]
        assert (mount["Source"], mount["Destination"], mount["RW"]) == (str(folder), "/weights", False)
        assert (host["CapDrop"], host["RestartPolicy"]["Name"]) == (["ALL"], "no")
        assert config["Cmd"][-1] == "--note=$HOME"
        assert {f"VLLM_API_KEY={key}", "HF_HUB_OFFLINE=1"} <= set(config["Env"])
        # What Compose asks it, to say that it is healthy.
        assert one.exec_run(config["Healthcheck"]["Test"][1:]).exit_code == 0
        # The key is in no list of processes, and in no file.
        assert key not in json.dumps([one.attrs["Args"], kept().server().argv, kept().server().cleanup])
        assert [file for file in kept().folder.iterdir() if key in file.read_text()] == []
        # GPUs are asked for in the project itself.
        written = YAML(typ="safe").load(kept().project.read_text())["services"]["vllm"]
        assert written["deploy"]["resources"]["reservations"]["devices"][0]["count"] == 1
        # A vLLM that crashes is started again, by r1code alone.
        one.kill()
        until(lambda: status(run) == ("ready", 1), 30)
        assert the_container(engine).id != one.id
        # So is one whose Compose was killed.
        now = kept().now()
        assert now is not None
        assert now.pid is not None
        os.kill(now.pid, signal.SIGKILL)
        until(lambda: status(run) == ("ready", 2), 30)
        assert "Graph capturing finished" in run("logs", NAME)[1]
        last = the_container(engine)
        assert run("down", NAME)[0] == 0
        assert status(run) == ("stopped", 2)
        assert left(engine) == []
        # The first was killed; the last was asked, and ended by itself.
        assert (exit_of(engine, one), exit_of(engine, last)) == ("137", "0")


@pytest.mark.docker
def test_down_now_ends_one_that_ignores_to_be_asked(
    engine: docker.DockerClient, no_gpus: Path, tmp_path: Path, run: Run
) -> None:
    with vllm_image(engine, f"stubborn-{os.getpid()}", stubborn=True) as image:
        assert run(*words(weights(tmp_path), image, port()))[0] == 0
        # A key was made, for there was none.
        assert (
            f"VLLM_API_KEY={Keys(key_file()).get('VLLM_API_KEY')}" in the_container(engine).attrs["Config"]["Env"]
        )
        assert run("down", "--now")[0] == 0
        assert left(engine) == []


@pytest.mark.docker
def test_a_project_that_nobody_watches_any_more_can_be_ended(
    engine: docker.DockerClient, no_gpus: Path, tmp_path: Path, run: Run
) -> None:
    with vllm_image(engine, f"orphan-{os.getpid()}") as image:
        assert run(*words(weights(tmp_path), image, port()))[0] == 0
        now = kept().now()
        assert now is not None
        os.kill(now.supervisor, signal.SIGKILL)
        until(lambda: status(run)[0] == "unwatched")
        assert the_container(engine).status == "running"
        # The key is not there where it is ended.
        assert "VLLM_API_KEY" not in os.environ
        assert run("down", NAME)[0] == 0
        assert left(engine) == []


@pytest.mark.docker
def test_a_start_that_fails_says_why_is_not_tried_again_and_leaves_nothing(
    engine: docker.DockerClient, no_gpus: Path, tmp_path: Path, run: Run
) -> None:
    line = "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`"
    with vllm_image(engine, f"fails-{os.getpid()}", log=["INFO starting", line], exit=1) as image:
        code, _, said = run(*words(weights(tmp_path), image, port()))
        assert code == 6, said
        assert "no memory is left for the KV cache" in said
        assert run("logs", NAME)[1].count("INFO starting") == 1
        assert status(run) == ("failed", 0)
        assert left(engine) == []


@pytest.mark.docker
def test_an_engine_without_gpus_or_without_the_image_says_so(
    engine: docker.DockerClient, plugin: Path, tmp_path: Path, run: Run
) -> None:
    folder = weights(tmp_path)
    code, _, said = run(*words(folder, "r1code-test-vllm:nowhere", port()))
    assert code == 2
    assert "the image r1code-test-vllm:nowhere is not here" in said
    with vllm_image(engine, f"gpus-{os.getpid()}") as image:
        code, _, said = run(*words(folder, image, port()))
        assert code == 6, said
        assert "the engine gives no GPU to a container" in said


@pytest.mark.docker
def test_weights_of_the_hub_go_into_a_volume_that_outlives_the_project(
    engine: docker.DockerClient, no_gpus: Path, run: Run
) -> None:
    with vllm_image(engine, f"hub-{os.getpid()}") as image:
        code, _, said = run(*words(Path("distill-qwen-7b"), image, port()), "--hub-cache")
        assert code == 0, said
        (mount,) = the_container(engine).attrs["Mounts"]
        assert (mount["Type"], mount["Destination"]) == ("volume", "/root/.cache/huggingface")
        assert run("down", NAME)[0] == 0
        (volume,) = left(engine)
        volume.remove()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, with a `docker` that has an image and no Compose."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "docker").write_text(
        """#!/bin/sh
[ "$1 $2" = "image inspect" ] && exec echo sha256:0
echo "docker: unknown command: docker $1" >&2
exit 1
"""
    )
    (programs / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    return programs


def test_a_machine_without_compose_says_what_to_install(stand_in: Path, tmp_path: Path, run: Run) -> None:
    code, _, said = run(*words(weights(tmp_path), "x", port()))
    assert code == 2
    assert "Docker Compose is not here" in said
    assert "docker-compose-plugin" in said


def test_the_compose_before_the_plugin_is_refused(stand_in: Path, tmp_path: Path, run: Run) -> None:
    old = stand_in / "docker-compose"
    old.write_text("#!/bin/sh\necho 1.29.2\n")
    old.chmod(0o755)
    code, _, said = run(*words(weights(tmp_path), "x", port()))
    assert code == 2
    assert "it is 1.29.2" in said


@pytest.mark.docker
def test_compose_as_a_program_of_its_own_is_as_good(
    engine: docker.DockerClient, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "docker-compose").symlink_to(COMPOSE)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with vllm_image(engine, f"alone-{os.getpid()}") as image:
        # It is started, and this engine refuses its GPUs.
        code, _, said = run(*words(weights(tmp_path), image, port()))
        assert code == 6, said
        assert kept().server().argv[0] == str(tmp_path / "docker-compose")
        assert "the engine gives no GPU to a container" in said


def test_of_two_names_no_two_have_one_project() -> None:
    names = ["a.b", "a_b", "a-b", "a_-b", "a__b", "a..b", "a._b", "a_.b"]
    assert len({project_name(name) for name in names}) == len(names)
