"""Commands that go on while others run, without a sandbox."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.bench import Bench
from fakes.spawned import SERVER, shows, until
from r1code.sandbox.base import Limits
from r1code.sandbox.host import HostSandbox
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Bench]:
    root = tmp_path / "root"
    root.mkdir()
    sandbox = HostSandbox(root, limits=Limits(seconds=20.0), scan=lambda: Snapshot({}))
    yield Bench(sandbox, Store(tmp_path / "objects"), [])
    sandbox.close()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_on_the_host_it_goes_on_beside_others_and_ends_with_a_stop(host: Bench):
    server = host.sandbox.spawn(f"echo $$; {SERVER}", host.control)
    pid = int(shows(server, "up\n").split()[0])
    assert host.out("echo hi") == "hi\n"
    assert is_alive(pid)
    server.stop()
    until(lambda: not is_alive(pid))
    assert server.ended == "stopped"
    server.stop()


def test_on_the_host_a_close_ends_it(host: Bench):
    server = host.sandbox.spawn(f"sleep 1000 & echo $! up; {SERVER}", host.control)
    pid = int(shows(server, "up\n").split()[0])
    host.sandbox.close()
    until(lambda: not is_alive(pid))
    assert server.ended == "its sandbox was closed"


def test_on_the_host_one_that_ends_says_how(host: Bench):
    failing = host.sandbox.spawn("echo why >&2; exit 7", host.control)
    until(lambda: failing.ended is not None)
    assert (failing.output(), failing.ended) == ("why\n", "exit code 7")


HOLDING = """
import sys, time
from pathlib import Path
from r1code.control import Control
from r1code.sandbox.base import Limits
from r1code.sandbox.host import HostSandbox
from r1code.tree.snapshot import Snapshot

sandbox = HostSandbox(Path(sys.argv[1]), limits=Limits(), scan=lambda: Snapshot({}))
spawned = sandbox.spawn("sleep 1000 & echo $$ $! up; wait", Control())
while "up" not in (shown := spawned.output()):
    time.sleep(0.01)
print(shown, flush=True)
running = sandbox.run("sleep 1000 & echo $$ $!; wait", Control())
print(next(running), flush=True)
time.sleep(1000)
"""


def test_on_the_host_nothing_outlives_a_killed_r1code(tmp_path: Path):
    arguments = [sys.executable, "-P", "-c", HOLDING, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        # An empty line stands between the two.
        words = b"".join(process.stdout.readline() for _ in range(3)).split()
        pids = [int(word) for word in words if word.isdigit()]
        assert len(pids) == 4
        assert all(map(is_alive, pids))
        process.send_signal(signal.SIGKILL)
    try:
        until(lambda: not any(map(is_alive, pids)))
    finally:
        for pid in filter(is_alive, pids):
            os.kill(pid, signal.SIGKILL)
