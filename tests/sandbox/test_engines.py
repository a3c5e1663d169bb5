"""Other engines than Docker's on this machine's socket: Podman, and one behind a TCP address."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import docker
import pytest
from docker.errors import DockerException

from fakes.bench import Bench
from fakes.engine import AllBut
from r1code.control import Control
from r1code.sandbox.base import Limits
from r1code.sandbox.docker import DockerSandbox
from r1code.sandbox.engine import connect, engine_of, isolation
from r1code.sandbox.environments.environment import Step
from r1code.sandbox.environments.recipe import Base, Layer, Recipe
from r1code.sandbox.images.build import Builder, Building
from r1code.sandbox.images.image import default_recipe
from r1code.sandbox.images.mirrors import Mirrors
from r1code.sandbox.network import NO_NETWORK, Network, parse_network
from r1code.sandbox.prune import labels, prune, prune_environments
from r1code.tree.store import Store

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
SMALL = Limits(memory_mb=256, disk_mb=32, pids=64, seconds=20.0, output_bytes=20_000, flood_bytes=2_000_000)
LIMITED = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
Open = Callable[..., Bench]


@pytest.fixture(scope="module")
def podman(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Podman of its own that has the base image; gone afterwards."""
    program = shutil.which("podman")
    if program is None or os.geteuid() != 0:
        if os.environ.get("CI") == "true":
            pytest.fail("CI runs the Podman tests, and there is no Podman to run as root")
        pytest.skip("PODMAN IS NOT TESTED: it is not installed, or this is not root")
    folder = tmp_path_factory.mktemp("podman")
    # By itself it gives more open files and processes than a root without all capabilities has.
    most = {name: resource.getrlimit(number)[1] for name, number in LIMITED.items()}
    given = ", ".join(
        f'"{name}={min(4096, limit)}:{min(4096, limit)}"' for name, limit in most.items() if limit > 0
    )
    (folder / "containers.conf").write_text(f"[containers]\ndefault_ulimits = [{given}]\n")
    own = [program, "--storage-driver", "overlay"]
    # Nothing is shared with a Podman that somebody uses here.
    for option, name in (("root", "root"), ("tmpdir", "tmp"), ("network-config-dir", "net")):
        own += [f"--{option}", f"{folder}/{name}"]
    # Podman refuses one whose name has more than 50 characters, and a test's folder may have.
    runroot = Path(tempfile.mkdtemp(prefix="r1code-run-"))
    own += ["--runroot", str(runroot)]
    address = f"unix://{folder}/podman.sock"
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [*own, "system", "service", "-t", "0", address],
            env={**os.environ, "CONTAINERS_CONF": f"{folder}/containers.conf"},
            stderr=log,
        ) as service,
    ):
        try:
            with contextlib.closing(reached(address, folder / "log")) as client:
                client.images.load(engine.images.get(default_recipe().tag).save(named=True))
            yield address
        finally:
            subprocess.run([*own, "rmi", "--all", "--force"], check=False, capture_output=True)
            service.terminate()
            service.wait(20)
            shutil.rmtree(folder)
            shutil.rmtree(runroot, ignore_errors=True)


def reached(address: str, log: Path) -> docker.DockerClient:
    """Not through the SDK at first: it leaks its socket where nobody listens yet."""
    deadline = time.monotonic() + 60
    while True:
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(address.removeprefix("unix://"))
            return docker.DockerClient(base_url=address, version="auto", timeout=120)
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def relay(engine: docker.DockerClient) -> Iterator[str]:
    """A TCP address behind which the engine is."""
    del engine
    path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
    listener = socket.create_server(("127.0.0.1", 0))
    opened: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(path)
                opened.extend((client, server))
                for pair in ((client, server), (server, client)):
                    Thread(target=carry, args=pair, daemon=True).start()

    thread = Thread(target=accept)
    thread.start()
    yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    for one in opened:
        one.close()


@pytest.fixture(params=["podman", "relay"])
def there(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which one DOCKER_HOST names now."""
    monkeypatch.setenv("DOCKER_HOST", request.getfixturevalue(request.param))
    return str(request.param)


@pytest.fixture
def client(there: str) -> Iterator[docker.DockerClient]:
    found = connect(Control())
    yield found
    found.close()


@pytest.fixture
def left(client: docker.DockerClient, store: Store) -> Callable[[], int]:
    """How many containers and networks of this test are there."""
    mark = {"label": f"r1code.state={labels('', store.folder)['r1code.state']}"}
    return lambda: len(client.api.containers(all=True, filters=mark)) + len(client.api.networks(filters=mark))


@pytest.fixture
def open_bench(there: str, store: Store, left: Callable[[], int]) -> Iterator[Open]:
    made: list[Bench] = []

    def build(network: Network = NO_NETWORK) -> Bench:
        said: list[str] = []
        sandbox = DockerSandbox(
            image=None, store=store, owner="test", limits=SMALL, say=said.append, network=network
        )
        made.append(Bench(sandbox, store, said))
        return made[-1]

    yield build
    for bench in made:
        bench.sandbox.close()
    deadline = time.monotonic() + 40
    while left() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left() == 0


def test_a_session_from_its_start_to_its_end(open_bench: Open, there: str) -> None:
    bench = open_bench()
    bench.sync({"a.py": "print(1)\n", "b/c": "2", "b/d": "3"})
    assert bench.sandbox.kind.split(" ")[0] == ("podman" if there == "podman" else "docker")
    assert bench.out("python3 a.py; cat b/c; id -u") == "1\n21000\n"
    bench.out("git -c init.defaultBranch=m init -q . && git status && rm -rf .git")
    bench.out("echo new >new; rm b/d; chmod +x a.py; mkdir e")
    changed = bench.changes()
    assert set(changed) == {"new", "b/d", "a.py", "e"}
    assert changed["new"] == (0o644, b"new\n")
    bench.sync({"a.py": "print(2)\n"})
    assert bench.out("python3 a.py; ls b 2>&1 | wc -l") == "2\n1\n"
    large = bytes(range(256)) * 4000
    bench.sync({"a.py": "print(2)\n", "large": large})
    assert bench.out("wc -c <large").strip() == str(len(large))


def test_the_limits_and_the_walls_are_there(open_bench: Open) -> None:
    bench = open_bench()
    bench.sync({"a": "1"})
    assert bench.out("ls /sys/class/net") == "lo\n"
    status = bench.out("cat /proc/self/status")
    assert [line for line in status.splitlines() if line.startswith("Cap") and line[-16:] != "0" * 16] == []
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert bench.run("touch /usr/x /etc/x").exit_code != 0
    assert "no room was left" in bench.run("head -c 40M /dev/zero >big; rc=$?; rm big; exit $rc").output
    assert "more memory was used" in bench.run("python3 -c 'x = bytearray(10**9)'").output
    many = "import os, time\nfor _ in range(99): os.fork() or (time.sleep(9), os._exit(0))"
    assert "more processes" in bench.run(f"python3 -c '{many}'").output
    assert bench.run("sleep 60", seconds=1.0).timed_out
    assert bench.out("ps -eo args | grep -c '^sleep [69]' || true") == "0\n"


def test_an_allow_list_holds(open_bench: Open) -> None:
    bench = open_bench(parse_network("pypi.org"))
    ask = "import urllib.request; urllib.request.urlopen('http://evil.example/', timeout=9)"
    result = bench.run(f'python3 -c "{ask}"')
    assert "[the network allows only: pypi.org; refused: evil.example:80 (not on the list)]" in result.output
    direct = "import socket; socket.create_connection(('1.1.1.1', 53), 3)"
    assert bench.run(f'python3 -c "{direct}"').exit_code == 1


def test_a_build_and_its_removal(client: docker.DockerClient, store: Store, left: Callable[[], int]) -> None:
    key = f"test{os.urandom(6).hex()}"
    ready = Layer(
        title="system",
        user="root",
        steps=(Step(command="mkdir -p /opt/r1code/src && chown -R 1000:1000 /opt/r1code"),),
    )
    steps = (Step(command="test -w /tmp && test -w ~ && cat x.txt >/opt/r1code/kept"),)
    layer = Layer(title="dependencies", user="r1code", files=("x.txt",), steps=steps)
    recipe = Recipe(key=key, base=Base(name=default_recipe().tag), layers=(ready, layer), about=())
    building = Building(
        mirrors=Mirrors(), labels=labels("build-test", store.folder), network=parse_network("indexes")
    )
    builder = Builder(client, building, lambda _: None, Control())
    tag = builder.build(recipe, {"x.txt": b"six\n"})
    try:
        kept = client.containers.run(tag, ["cat", "/opt/r1code/kept"], remove=True, network_mode="none")
        assert kept == b"six\n"
        gone = prune_environments(AllBut(key), time.time() + 3600, Control())
        assert [name.rpartition("/")[2] for name in gone] == [f"r1code-env:{key}"]
    finally:
        for image in client.images.list():
            if image.attrs.get("RepoTags") == [] and "r1code.environment" in (image.labels or {}):
                with contextlib.suppress(DockerException):
                    client.api.remove_image(image.id)
    deadline = time.monotonic() + 40
    while left() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left() == 0


def test_what_a_dead_session_left_is_pruned(open_bench: Open, store: Store, left: Callable[[], int]) -> None:
    bench = open_bench(parse_network("pypi.org"))
    bench.sandbox.start(bench.control)
    assert left() == 4
    assert prune(lambda _: True, store.folder, Control()) == []
    assert len(prune(lambda _: False, store.folder, Control())) == 2
    assert left() == 0


def test_the_engine_says_who_it_is(client: docker.DockerClient, there: str) -> None:
    assert engine_of(client) == ("podman" if there == "podman" else "docker")
    assert (isolation(client, Control()).runtime is None) or there != "podman"
