"""What a dead r1code left is found and removed, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import docker
import pytest

from fakes.bench import Make, Ours
from r1code.control import Control
from r1code.sandbox.prune import prune
from r1code.tree.store import Store

pytestmark = pytest.mark.docker

OWNER = """
import sys, time
from pathlib import Path
from r1code.control import Control
from r1code.sandbox.base import Limits
from r1code.sandbox.docker import DockerSandbox
from r1code.tree.store import Store

sandbox = DockerSandbox(
    image=None, store=Store(Path(sys.argv[1])), owner="dead-session", limits=Limits(), say=print
)
running = sandbox.run("echo ready; sleep 1000", Control())
sys.stdout.write(next(running))
sys.stdout.flush()
time.sleep(1000)
"""


def dead(_: str) -> bool:
    return False


@pytest.fixture
def orphan(engine: docker.DockerClient, store: Store, ours: Ours) -> str:
    """The container of a process that was killed while it ran a command."""
    del engine
    with subprocess.Popen(
        [sys.executable, "-P", "-c", OWNER, str(store.folder)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.kill()
    (container,) = ours()
    return container


def test_the_container_of_a_killed_process_stays_until_it_is_pruned(store: Store, ours: Ours, orphan: str):
    assert prune(lambda owner: owner == "dead-session", store.folder, Control()) == []
    assert ours() == [orphan]
    assert prune(dead, store.folder, Control()) == [f"{orphan[:12]} of session dead-session"]
    assert ours() == []
    assert prune(dead, store.folder, Control()) == []


def test_the_living_and_those_of_another_state_are_spared(make: Make, store: Store, ours: Ours, orphan: str):
    alive, elsewhere = make(owner="alive"), make(store=Store(store.folder / "other"), owner="elsewhere")
    assert alive.out("echo 1") == elsewhere.out("echo 1") == "1\n"
    assert prune(lambda owner: owner == "alive", store.folder, Control()) == [
        f"{orphan[:12]} of session dead-session"
    ]
    assert alive.out("echo 2") == elsewhere.out("echo 2") == "2\n"
    assert len(ours()) == 1
    elsewhere.sandbox.close()


def test_a_container_that_never_started_is_found(
    engine: docker.DockerClient, make: Make, store: Store, ours: Ours
):
    bench = make(owner="stillborn")
    bench.sandbox.start(bench.control)
    (started,) = ours()
    described = engine.api.inspect_container(started)["Config"]
    bench.sandbox.close()
    engine.api.create_container(described["Image"], command=["true"], labels=described["Labels"])
    assert len(prune(dead, store.folder, Control())) == 1
    assert ours() == []
