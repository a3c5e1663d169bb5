"""Commands that are spoken with, in every sandbox: bytes go in and come out as they are."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.bench import Make
from r1code.control import Control
from r1code.sandbox.base import Connected, Limits, Sandbox
from r1code.sandbox.host import HostSandbox
from r1code.sandbox.inside import WORK
from r1code.tree.snapshot import Snapshot

BYTES = bytes(range(256)) * 4_000
SANDBOXES = ["docker", "bubblewrap"]
ECHO = "echo never shown >&2; pwd; exec cat"


@pytest.mark.docker
def test_in_a_container(make: Make) -> None:
    bench = make()
    bench.sandbox.start(Control())
    assert bench.sandbox.folder == WORK
    speaks(bench.sandbox)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[HostSandbox]:
    sandbox = HostSandbox(tmp_path, limits=Limits(), scan=lambda: Snapshot({}))
    yield sandbox
    sandbox.close()


def test_on_this_machine(host: HostSandbox) -> None:
    speaks(host)


def test_what_is_stopped_is_killed(host: HostSandbox) -> None:
    connected = host.connect("echo $$; while :; do sleep 1; done", Control())
    pid = int(read(connected, 1))
    connected.stop()
    connected.stop()
    assert read(connected, 1) == b""
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_is_sent_after_its_end_is_read_by_nobody(host: HostSandbox) -> None:
    connected = host.connect(f"{sys.executable} -c 'print(1)'", Control())
    assert read(connected, 100) == b"1\n"
    connected.write(BYTES)
    connected.stop()


def speaks(sandbox: Sandbox) -> None:
    """It echoes what it gets, also while another command runs, and after that one has ended."""
    connected = sandbox.connect(ECHO, Control())
    first = f"{sandbox.folder}\n".encode()
    assert read(connected, len(first)) == first
    running = sandbox.run("echo other", Control())
    assert list(running) == ["other\n"]
    connected.write(BYTES)
    connected.write(b"end")
    assert read(connected, len(BYTES) + 3) == BYTES + b"end"
    connected.stop()
    assert read(connected, 1) == b""


def read(connected: Connected, size: int, seconds: float = 20.0) -> bytes:
    """As many bytes as that, or fewer at its end."""
    data = b""
    deadline = time.monotonic() + seconds
    while len(data) < size:
        piece = connected.read(Control(), deadline - time.monotonic())
        if not piece:
            break
        data += piece
    return data
