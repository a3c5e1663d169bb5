"""Commands that go on while others run, in every sandbox that has them, and the thread that follows them."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator

import docker
import pytest

from fakes.bench import Bench, Make, Ours
from fakes.spawned import SERVER, shows, until
from r1code.control import Control
from r1code.errors import Cancelled, SandboxError
from r1code.sandbox.base import Limits
from r1code.sandbox.command import Exit
from r1code.sandbox.follower import Follower
from r1code.tree.entry import Entry

LIMITS = Limits(output_bytes=2_000, flood_bytes=1_000_000, seconds=20.0)


class Talking:
    """A `Running` that prints what is put into it."""

    def __init__(self) -> None:
        self.items: queue.Queue[bytes | Exception] = queue.Queue()
        self.kills = 0

    def read(self, control: Control, seconds: float) -> bytes:
        item = control.get(self.items, seconds)
        if isinstance(item, Exception):
            raise item
        return item

    def kill(self, control: Control) -> None:
        self.kills += 1

    def exit(self) -> Exit:
        return Exit(code=3)


@pytest.fixture
def talking() -> Talking:
    return Talking()


@pytest.fixture
def followed(talking: Talking) -> Iterator[Follower]:
    background = Follower(talking, LIMITS)
    yield background
    background.close()


def test_output_is_kept_until_it_is_asked_for_and_given_once(talking: Talking, followed: Follower):
    for data in (b"one\n", "zwö".encode()[:3], "zwö".encode()[3:]):
        talking.items.put(data)
    assert shows(followed, "zwö") == "one\nzwö"
    assert followed.output() == ""
    assert followed.ended is None


def test_of_much_output_the_ends_are_kept_and_the_rest_is_counted(talking: Talking, followed: Follower):
    for data in (b"first\n", b"x" * 500_000, b"\nlast\n", b""):
        talking.items.put(data)
    until(lambda: followed.ended is not None)
    text = followed.output()
    assert len(text.encode()) <= LIMITS.output_bytes
    assert text.startswith("first\n")
    assert text.endswith("\nlast\n")
    assert "bytes of output dropped" in text
    assert followed.ended == "exit code 3"


def test_a_flood_ends_it(talking: Talking, followed: Follower):
    for _ in range(11):
        talking.items.put(b"x" * 100_000)
    until(lambda: followed.ended is not None)
    assert followed.ended == "killed: it printed more than the limit of 1000000 bytes"
    assert talking.kills == 1


def test_a_place_that_is_lost_is_told(talking: Talking, followed: Follower):
    talking.items.put(SandboxError("x", why="its container was stopped", hint="y"))
    until(lambda: followed.ended is not None)
    assert followed.ended == "its container was stopped"


def test_a_stop_kills_it_and_what_is_known_of_its_end_stays(talking: Talking, followed: Follower):
    followed.stop()
    assert talking.kills == 1
    talking.items.put(b"")
    followed.close()
    assert followed.ended == "stopped"


# Docker


def processes(bench: Bench, name: str) -> int:
    return int(bench.run(f"pgrep -c -x {name}").output)


@pytest.mark.docker
def test_commands_reach_its_port_and_their_ends_spare_it_but_nothing_else(make: Make):
    bench = make()
    bench.sync({"a.txt": "old"})
    server = bench.sandbox.spawn("setsid sleep 1000 & python3 -m http.server 8000", bench.control)
    shows(server, "Serving")
    fetch = "python3 -c \"import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/a.txt').read())\""
    assert bench.out(f"setsid sleep 2000 & sleep 2000 & {fetch}") == "b'old'\n"
    assert processes(bench, "sleep") == 2  # The container's own, and the server's.
    bench.sync({"a.txt": "new"})
    assert bench.out(fetch) == "b'new'\n"
    assert server.output().count("GET /a.txt") == 2
    assert bench.run("sleep 60", seconds=0.3).timed_out
    assert processes(bench, "python3") == 1
    server.stop()
    assert server.ended == "stopped"
    assert processes(bench, "python3") == 0
    assert processes(bench, "sleep") == 1


@pytest.mark.docker
def test_a_bomb_in_front_of_it_ends_and_it_goes_on(make: Make):
    bench = make()
    server = bench.sandbox.spawn(SERVER, bench.control)
    shows(server, "up")
    bench.run("for i in 1 2 3 4; do (while :; do sleep 0.02 & done) 2>/dev/null & done; sleep 0.3")
    assert bench.out("pgrep -c -f 'sleep 0.02' || true") == "1\n"  # The shell that asks.
    assert server.ended is None


@pytest.mark.docker
def test_what_it_writes_is_a_change_at_each_look(make: Make):
    bench = make()
    bench.sync({"a.txt": "a"})
    writer = bench.sandbox.spawn("echo up; sleep 1; echo 1 >late; echo done; sleep 100", bench.control)
    shows(writer, "up")
    assert bench.changes() == {}
    shows(writer, "done")
    assert bench.changes() == {"late": (0o644, b"1\n")}


PAUSE = 0.1
"""Between two looks: a kernel counts the processes of a control group for a moment after they ended."""
GROWING = """echo up; echo x >guarded; n=0
while [ $n -lt 40 ]; do n=$((n + 1)); echo $n >>log; echo $n >a; sleep 0.05; done
echo 0 >base; echo done; sleep 1000"""


def looked(bench: Bench, tree: dict[str, str | bytes | Entry]) -> None:
    """A look whose changes the tree takes over, but for a guarded file; and a sync of that tree."""
    for path, change in bench.changes().items():
        if change is not None and path != "guarded":
            tree[path] = change[1]
    bench.sync(tree)


@pytest.mark.docker
@pytest.mark.parametrize("where", ["docker", "bubblewrap"])
def test_a_sync_keeps_what_it_wrote_since_the_last_look(make: Make):
    bench = make()
    tree: dict[str, str | bytes | Entry] = {"a": "", "base": "1\n", "guarded": "g"}
    bench.sync(tree)
    writer = bench.sandbox.spawn(GROWING, bench.control)
    shown = ""
    while "done" not in shown:
        shown += writer.output()
        looked(bench, tree)
        tree["mine"] = str(len(shown))
        time.sleep(PAUSE)
    looked(bench, tree)
    numbers = "".join(f"{n}\n" for n in range(1, 41))
    assert bench.out("cat log") == numbers
    assert (tree["log"], tree["a"], tree["base"]) == (numbers.encode(), b"40\n", b"0\n")
    assert bench.out("cat a base guarded mine") == f"40\n0\ng{tree['mine']}"
    # What the tree lost is gone inside, also where only commands had made it.
    del tree["log"]
    bench.sync(tree)
    assert bench.run("cat log").exit_code == 1
    assert bench.changes() == {}


FAST = """import time
for number in range(300):
    with open("log", "ab", buffering=0) as log:
        log.write(b"%06d\\n" % number * 10_000)
    with open(f"short{number % 3}", "w") as short:
        short.write("x" * number)
    time.sleep(0.005)
print("done", flush=True)
"""


@pytest.mark.docker
@pytest.mark.parametrize("where", ["docker", "bubblewrap"])
def test_a_file_that_grows_while_it_is_fetched_comes_later(make: Make):
    bench = make()
    bench.sync({"fast.py": FAST})
    writer = bench.sandbox.spawn("sleep 0.1; python3 fast.py; sleep 1000", bench.control)
    looks, shown = 0, ""
    seen: dict[str, tuple[int, bytes] | None] = {}
    while "done" not in shown:
        shown += writer.output()
        seen |= bench.changes()
        looks += 1
        time.sleep(PAUSE)
    seen |= bench.changes()
    whole = b"".join(b"%06d\n" % number * 10_000 for number in range(300))
    assert seen == {"log": (0o644, whole)} | {f"short{n - 297}": (0o644, b"x" * n) for n in (297, 298, 299)}
    assert looks > 1


@pytest.mark.docker
def test_one_that_fails_says_how_with_its_last_words(bench: Bench):
    failing = bench.sandbox.spawn("echo before; echo why >&2; exit 7", bench.control)
    until(lambda: failing.ended is not None)
    assert (failing.output(), failing.ended) == ("before\nwhy\n", "exit code 7")
    killed = bench.sandbox.spawn("kill -s TERM $$", bench.control)
    until(lambda: killed.ended is not None)
    assert killed.ended == "killed by signal 15"


@pytest.mark.docker
def test_what_it_leaves_behind_is_gone_after_the_next_command(bench: Bench):
    daemon = bench.sandbox.spawn("setsid sleep 1000 >/dev/null 2>&1 & echo started", bench.control)
    until(lambda: daemon.ended is not None)
    bench.run("true")
    assert processes(bench, "sleep") == 1


@pytest.mark.docker
def test_a_gigabyte_of_output_fills_nothing(make: Make):
    bench = make()
    flood = bench.sandbox.spawn("echo first; head -c 1G /dev/zero | tr '\\0' x; sleep 1000", bench.control)
    until(lambda: flood.ended is not None, 60)
    assert flood.ended == "killed: it printed more than the limit of 2000000 bytes"
    text = flood.output()
    assert text.startswith("first\nx")
    assert len(text) <= 20_000


@pytest.mark.docker
def test_a_flood_is_gone_also_while_another_command_runs_which_goes_on(make: Make):
    bench = make()
    other = bench.sandbox.spawn(SERVER, bench.control)
    shows(other, "up")
    flood = bench.sandbox.spawn("sleep 0.3; yes & yes", bench.control)
    gone = "n=0; until pgrep -x yes; do sleep 0.02; done; while pgrep -x yes; do sleep 0.05; done; echo gone"
    assert bench.run(gone, seconds=15.0).output.endswith("gone\n")
    until(lambda: flood.ended is not None)
    assert flood.ended == "killed: it printed more than the limit of 2000000 bytes"
    assert other.ended is None


@pytest.mark.docker
@pytest.mark.parametrize("how", ["remove", "pause"])
def test_a_container_that_is_lost_takes_it_along_and_that_is_told(
    engine: docker.DockerClient, make: Make, ours: Ours, how: str
):
    bench = make(silence=0.5)
    bench.sync({"a.txt": "a"})
    server = bench.sandbox.spawn(SERVER, bench.control)
    shows(server, "up")
    (container,) = ours()
    if how == "remove":
        engine.api.remove_container(container, force=True)
    else:
        engine.api.pause(container)
    until(lambda: server.ended is not None)
    assert server.ended in {
        "its container was stopped, and with it all that ran in it",
        "its container was removed, stopped or paused from outside",
    }
    with pytest.raises(SandboxError):
        bench.run("true")
    assert bench.out("cat a.txt") == "a"
    assert processes(bench, "sleep") == 1


@pytest.mark.docker
def test_a_cancelled_command_spares_it(make: Make):
    bench = make()
    server = bench.sandbox.spawn(SERVER, bench.control)
    shows(server, "up")
    control = Control()
    running = bench.sandbox.run("echo hi; sleep 60", control)
    assert next(running) == "hi\n"
    control.cancel()
    with pytest.raises(Cancelled):
        list(running)
    assert server.ended is None
    assert processes(bench, "bash") >= 1
