"""How an image comes to the engine, with and without a registry."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import msgspec
import pytest

from fakes.bench import Bench, Cancelling
from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.images.bootstrap import Offline
from r1code.sandbox.images.image import Online, Recipe, default_recipe, ensure_image

Wanted = Callable[..., Recipe]
UNREACHABLE = Online(base="localhost:1/none:none", dockerfile="FROM scratch\n")


def recipe(**changed: object) -> Recipe:
    offline = msgspec.structs.replace(default_recipe().offline, **changed)
    return Recipe(online=UNREACHABLE, offline=offline)


@pytest.fixture
def no_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that comes first on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


@pytest.fixture
def wanted(engine: docker.DockerClient) -> Iterator[Wanted]:
    """Makes recipes whose images are removed afterwards."""
    made: list[Recipe] = []

    def make(**changed: object) -> Recipe:
        made.append(recipe(**changed))
        return made[-1]

    yield make
    for one in made:
        if engine.api.images(one.tag):
            engine.api.remove_image(one.tag, force=True)


def test_the_recipe_names_its_image_by_its_content():
    default = default_recipe()
    assert default.tag == default_recipe().tag
    assert default.tag.startswith("r1code-base:")
    assert recipe().tag != default.tag
    assert recipe(packages=("git",)).tag != recipe().tag
    assert default.online.dockerfile.startswith(f"\nFROM {default.online.base}\n") or (
        default.online.dockerfile.startswith(f"FROM {default.online.base}\n")
    )


@pytest.mark.docker
def test_the_base_image_has_what_tests_need(bench: Bench):
    for program in (
        "git --version",
        "python --version",
        "python3 -m pip --version",
        "pytest --version",
        "make -v",
        "ps",
    ):
        assert bench.run(program).exit_code == 0, program
    assert bench.out("whoami; pwd") == "r1code\n/workspace\n"


@pytest.mark.docker
def test_an_image_that_is_there_needs_no_words(engine: docker.DockerClient):
    said: list[str] = []
    tag = ensure_image(engine, None, said.append, Control())
    assert ensure_image(engine, tag, said.append, Control()) == tag
    assert said == []


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the tool builds: not below pytest's own folder, which other users may not enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def fake_bootstrap(folder: Path, script: str) -> None:
    program = folder / "mmdebstrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def root_file_system(folder: Path) -> Path:
    """The smallest archive that can be an image."""
    (folder / "root/etc").mkdir(parents=True)
    archive = folder / "root.tar"
    subprocess.run(["tar", "-cf", archive, "-C", folder / "root", "."], check=True)
    return archive


@pytest.mark.docker
def test_without_a_registry_an_image_is_made_from_package_sources(
    engine: docker.DockerClient, wanted: Wanted, no_tools: Path, tmp_path: Path
):
    archive = root_file_system(tmp_path)
    fake_bootstrap(no_tools, f"printf '%s\\n' \"$@\" >{tmp_path}/args; echo 'I: working' >&2; cat {archive}")
    said: list[str] = []
    made = wanted(packages=("one", "two"), changes=("WORKDIR /workspace",))
    assert ensure_image(engine, None, said.append, Control(), recipe=made) == made.tag
    config = engine.api.inspect_image(made.tag)["Config"]
    assert config["WorkingDir"] == "/workspace"
    assert "--include=one,two" in (tmp_path / "args").read_text().splitlines()
    assert "making the base image: working" in said
    assert any("could not be pulled" in text for text in said)


@pytest.mark.docker
def test_a_bootstrap_that_fails_half_way_makes_no_image(
    engine: docker.DockerClient, wanted: Wanted, no_tools: Path, tmp_path: Path
):
    archive = root_file_system(tmp_path)
    fake_bootstrap(no_tools, f"cat {archive}; echo 'E: no such package' >&2; exit 25")
    made = wanted()
    with pytest.raises(SandboxError) as raised:
        ensure_image(engine, None, print, Control(), recipe=made)
    assert "ended with 25" in raised.value.why
    assert "E: no such package" in raised.value.why
    assert engine.api.images(made.tag) == []


@pytest.mark.docker
def test_without_a_registry_and_without_the_tool_the_person_is_told_both_ways_out(
    engine: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    if shutil.which("mmdebstrap", path="/usr/sbin:/sbin"):
        pytest.skip("the tool lies where it is always looked for")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError) as raised:
        ensure_image(engine, None, print, Control(), recipe=recipe())
    assert "sudo apt-get install mmdebstrap" in raised.value.hint
    assert "docker load" in raised.value.hint


@pytest.mark.docker
def test_a_cancel_while_the_image_is_made_leaves_no_process_and_no_image(
    engine: docker.DockerClient, wanted: Wanted, no_tools: Path, cancelling: Cancelling
):
    pid, cleaned = no_tools / "pid", no_tools / "cleaned"
    fake_bootstrap(
        no_tools, f"trap 'touch {cleaned}; exit 1' TERM; echo $$ >{pid}; printf x; while :; do sleep 0.1; done"
    )
    made, control = wanted(), Control()
    assert cancelling(control, lambda: ensure_image(engine, None, print, control, recipe=made), 0.7) < 0.5
    deadline = time.monotonic() + 40
    while not cleaned.exists() or Path(f"/proc/{pid.read_text().strip()}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert engine.api.images(made.tag) == []


@pytest.mark.docker
@pytest.mark.skipif(shutil.which("mmdebstrap") is None, reason="NO mmdebstrap: making an image is not tested")
def test_a_cancel_of_the_real_tool_removes_its_half_made_file_system(
    engine: docker.DockerClient, wanted: Wanted, scratch: Path, cancelling: Cancelling
):
    made, control = wanted(), Control()
    assert cancelling(control, lambda: ensure_image(engine, None, print, control, recipe=made), 2.5) < 0.5
    deadline = time.monotonic() + 40
    while list(scratch.iterdir()):
        assert time.monotonic() < deadline, list(scratch.iterdir())
        time.sleep(0.1)
    assert engine.api.images(made.tag) == []


def test_an_offline_recipe_says_where_packages_come_from():
    assert isinstance(default_recipe().offline, Offline)
    assert all(source.startswith("/etc/apt/") for source in default_recipe().offline.sources)
