from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from fakes.bench import Bench, Cancelling, Make, Ours
from fakes.engine import bubblewrap
from fakes.pace import Pace
from r1code.control import Control
from r1code.errors import Cancelled, SandboxError
from r1code.sandbox.base import Limits
from r1code.sandbox.bubblewrap import BubblewrapSandbox
from r1code.sandbox.copied import Copying
from r1code.sandbox.docker import DockerSandbox
from r1code.sandbox.engine import connect
from r1code.sandbox.images.image import ensure_image
from r1code.sandbox.prune import labels
from r1code.tree.store import Store

__all__ = ["bubblewrap"]

SMALL = Limits(memory_mb=256, disk_mb=32, pids=64, seconds=20.0, output_bytes=20_000, flood_bytes=2_000_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("docker") and not item.get_closest_marker("timeout"):
            # The first of them may have to make the base image.
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """A client of a running engine that has the base image."""
    client: docker.DockerClient | None = None
    try:
        client = connect(Control())
        ensure_image(client, None, print, Control())
        yield client
    except SandboxError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI runs the Docker tests, and they cannot run: {error}")
        pytest.skip(f"THE DOCKER SANDBOX IS NOT TESTED: {error.what}: {error.why}")
    finally:
        if client is not None:
            client.close()


def seconds_to_cancel(control: Control, action: Callable[[], object], after: float) -> float:
    """Cancels `action` after a while and returns how long it then took to give up."""
    at: list[float] = []

    def cancel() -> None:
        at.append(pace.seconds)
        control.cancel()

    timer = threading.Timer(after, cancel)
    try:
        with Pace() as pace:
            timer.start()
            with pytest.raises(Cancelled):
                action()
            return pace.seconds - at[0]
    finally:
        timer.cancel()
        timer.join()


@pytest.fixture
def cancelling() -> Cancelling:
    return seconds_to_cancel


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "objects")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module says in SANDBOXES where its tests run; those that speak with the engine run in Docker only."""
    names = set(metafunc.fixturenames)
    if "where" in names and hasattr(metafunc.module, "SANDBOXES"):
        metafunc.parametrize("where", ["docker"] if names & {"engine", "ours"} else metafunc.module.SANDBOXES)


@pytest.fixture
def where() -> str:
    return "docker"


@pytest.fixture
def make(where: str, store: Store, request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes sandboxes that are closed afterwards; nothing of them may be left then."""
    made: list[Bench] = []

    def build(**options: Any) -> Bench:
        said: list[str] = []
        wanted = {"store": store, "limits": SMALL, "say": said.append} | options
        bench = Bench(
            BubblewrapSandbox(Copying(**wanted))
            if where == "bubblewrap"
            else DockerSandbox(**({"image": None, "owner": "test"} | wanted)),
            store,
            said,
        )
        made.append(bench)
        return bench

    if where == "bubblewrap":
        request.getfixturevalue("bubblewrap")
    else:
        request.getfixturevalue("engine")
    yield build
    for bench in made:
        bench.sandbox.close()
    if where == "docker":
        wait_for_none(request.getfixturevalue("engine"), store)


def wait_for_none(engine: docker.DockerClient, store: Store) -> None:
    # What a cancelled start made is removed by a thread that nobody waited for.
    deadline = time.monotonic() + 40
    while left := containers(engine, store):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def containers(client: docker.DockerClient, store: Store) -> list[str]:
    state = labels("", store.folder)["r1code.state"]
    found = client.api.containers(all=True, filters={"label": [f"r1code.state={state}"]})
    return [str(container["Id"]) for container in found]


@pytest.fixture
def ours(engine: docker.DockerClient, store: Store) -> Ours:
    """The ids of this test's containers."""
    return lambda: containers(engine, store)


@pytest.fixture
def bench(make: Make) -> Bench:
    return make()
