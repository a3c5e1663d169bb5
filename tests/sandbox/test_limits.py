"""Each limit that a command meets is named in its result, and the next command knows nothing of it."""

from __future__ import annotations

import pytest

from fakes.bench import Bench, Make
from r1code.sandbox.base import Limits

pytestmark = pytest.mark.docker
SANDBOXES = ["docker", "bubblewrap"]

TIGHT = Limits(
    memory_mb=192, disk_mb=24, files=2000, pids=40, seconds=20.0, output_bytes=2_000, flood_bytes=2_000_000
)
MEMORY = "[killed: more memory was used than the limit of 192 MB]"
PIDS = "[refused: more processes and threads than the limit of 40]"
DISK = "[no room was left: /workspace, /tmp and /home/r1code hold 24 MB and 2000 files each, /dev/shm 64 MB]"
TIME = "[killed: it ran longer than the limit of 1 s]"
FLOOD = "[killed: it printed more than the limit of 2000000 bytes]"
MAKE_FILES = "python3 -c \"for n in range(10**5): open(f'{place}/{{n}}', 'w').close()\""
THREADS = "import threading, time; [threading.Thread(target=time.sleep, args=(1,)).start() for _ in range(99)]"


@pytest.fixture
def tight(make: Make) -> Bench:
    return make(limits=TIGHT)


@pytest.mark.parametrize(
    ("command", "note"),
    [
        ("python3 -c 'x = bytearray(400 * 1024 * 1024)'", MEMORY),
        ("python3 -c 'x = bytearray(400 * 1024 * 1024)'; echo survived", MEMORY),
        ("for n in $(seq 99); do sleep 1 & done 2>/dev/null", PIDS),
        (f"python3 -c '{THREADS}' 2>/dev/null", PIDS),
        ("head -c 30M /dev/zero >/workspace/big", DISK),
        ("head -c 30M /dev/zero >/tmp/big 2>/dev/null", DISK),
        ("head -c 30M /dev/zero >$HOME/big 2>/dev/null; false", DISK),
        ("head -c 30M /dev/zero >big; rm big; false", DISK),
        ("head -c 80M /dev/zero >/dev/shm/big; rm /dev/shm/big; false", DISK),
        (MAKE_FILES.format(place="/workspace") + " 2>/dev/null", DISK),
        (MAKE_FILES.format(place="/tmp") + " 2>/dev/null", DISK),
        ("echo waiting; sleep 60", TIME),
        ("yes", FLOOD),
        ("head -c 1G /dev/zero", FLOOD),
    ],
)
def test_a_limit_that_was_met_is_named(tight: Bench, command: str, note: str):
    result = tight.run(command, seconds=1.0 if note == TIME else None)
    assert result.output.splitlines()[-1] == note
    assert tight.live.splitlines()[-1] == note
    assert tight.run("true").output == ""


def test_output_that_was_left_out_is_counted(tight: Bench):
    result = tight.run("seq 10000")
    assert result.truncated
    assert "bytes of output dropped" in result.output
    assert result.succeeded


@pytest.mark.parametrize(
    "command", ["false", "exit 137", "kill -9 $$", "echo 'Resource temporarily unavailable'; false", "df; false"]
)
def test_what_met_no_limit_says_nothing_of_one(tight: Bench, command: str):
    assert "limit of" not in tight.run(command).output
    assert "no room" not in tight.run(command).output


def test_a_bomb_of_files_is_cleaned_up_by_the_next_command(tight: Bench):
    tight.sync({"a": "1"})
    tight.run("mkdir d; " + MAKE_FILES.format(place="d"))
    made = tight.changes()
    assert 1000 < len(made) <= 2000
    assert tight.out("rm -r d; cat a") == "1"
    assert tight.changes() == dict.fromkeys(made)


def test_two_limits_are_two_lines(tight: Bench):
    result = tight.run("head -c 30M /dev/zero >big; for n in $(seq 99); do sleep 1 & done; false")
    assert result.output.splitlines()[-2:] == [PIDS, DISK]


def test_a_gigabyte_of_output_costs_little(make: Make):
    bench = make(limits=Limits())
    running = bench.sandbox.run("yes 0123456789 | head -c 1G", bench.control)
    size = sum(map(len, running))
    assert 90_000_000 < size < 110_000_000
    assert bench.out("echo on") == "on\n"
