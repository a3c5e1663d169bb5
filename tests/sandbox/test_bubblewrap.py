"""What is bubblewrap's own: the other tests of this folder that name it hold for Docker, too."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.bench import Bench, Cancelling
from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.base import Limits
from r1code.sandbox.bounds import Resources, Scope, candidates
from r1code.sandbox.bubblewrap import Borrowed, BubblewrapSandbox, Keeper, probe
from r1code.sandbox.copied import Copying
from r1code.sandbox.inside import Ended
from r1code.tree.store import Store

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("bubblewrap")]
SMALL = Limits(memory_mb=256, disk_mb=32, pids=64, seconds=20.0)


def processes(words: str) -> list[int]:
    """Processes of this machine with `words` in their command line."""
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if words in line and int(place.parent.name) != os.getpid():
            found.append(int(place.parent.name))
    return found


def vanish(words: str) -> bool:
    deadline = time.monotonic() + 40
    while processes(words):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def where() -> str:
    return "bubblewrap"


def test_the_kind_says_what_is_limited_and_how(bench: Bench):
    assert bench.sandbox.kind == "bubblewrap"
    bench.sandbox.start(bench.control)
    assert bench.sandbox.kind in {
        "bubblewrap (memory and processes by cgroup)",
        "bubblewrap (memory and processes by cgroup, processors not limited)",
        "bubblewrap (memory and processes by systemd)",
        "bubblewrap (memory of each process by rlimit, processors not limited)",
    }


def test_there_are_no_rights_no_way_to_more_and_a_filter(bench: Bench):
    status = bench.out("cat /proc/self/status")
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert re.search(rf"(?m)^{name}:\t0+$", status), name
    assert re.search(r"(?m)^NoNewPrivs:\t1$", status)
    assert re.search(r"(?m)^Seccomp:\t2$", status)
    assert bench.out("id -u; id -g; id -un") == "1000\n1000\nr1code\n"


def test_there_is_no_network_but_its_own_loopback(bench: Bench):
    program = "import socket; socket.create_connection(('1.1.1.1', 53), 2)"
    assert "Network is unreachable" in bench.run(f'python3 -c "{program}"').output
    here = "('127.0.0.1', 8000)"
    serve = f"import socket; s = socket.create_server({here}); socket.create_connection({here})"
    assert bench.out(f'python3 -c "{serve}"') == ""


def test_nothing_of_this_machine_is_there_but_its_programs(bench: Bench, tmp_path: Path):
    (tmp_path / "secret").write_text("canary")
    (Path.home() / ".netrc").write_text("canary")
    names = set(bench.out("ls /").split())
    programs = {"bin", "lib", "lib32", "lib64", "libx32", "nix", "opt", "sbin", "usr"}
    # /sys holds what counts the limits of control groups, where these are used.
    assert names - programs - {"sys"} == {"dev", "etc", "home", "proc", "tmp", "workspace"}
    assert bench.out("ls -A /home /home/r1code /tmp /workspace") == (
        "/home:\nr1code\n\n/home/r1code:\n\n/tmp:\n\n/workspace:\n"
    )
    assert bench.out("find /sys -type f 2>/dev/null | grep -v ^/sys/fs/cgroup/ || true") == ""
    assert bench.run(f"cat {tmp_path}/secret {Path.home()}/.netrc /etc/shadow /root/.ssh/*").exit_code != 0
    assert bench.out("find / -xdev -type s 2>/dev/null") == ""
    assert bench.run("ls /run /var/run /var/lib").exit_code != 0
    for file in ("pip.conf", "gitconfig", "npmrc", "shadow", "hostname", "machine-id", "ssh"):
        assert bench.run(f"ls /etc/{file}").exit_code != 0, file
    assert len(bench.out("ls -d /proc/[0-9]*").splitlines()) < 8


def test_the_environment_is_ours(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEEPSEEK_API_KEY", "canary")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/canary")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "canary")
    names = {line.partition("=")[0] for line in bench.out("env; tr '\\0' '\\n' </proc/1/environ").splitlines()}
    assert names == {"HOME", "LANG", "LOGNAME", "PATH", "PWD", "PYTHONDONTWRITEBYTECODE", "SHLVL", "USER", "_"}
    assert bench.out("echo $HOME; cd; touch x; ls") == "/home/r1code\nx\n"


def test_only_three_folders_and_the_shared_memory_can_be_written(bench: Bench):
    mounts = [line.split() for line in bench.out("cat /proc/mounts").splitlines()]
    writable = {mount[1]: mount[2] for mount in mounts if mount[3].startswith("rw")}
    assert {path for path, kind in writable.items() if kind == "tmpfs" and not path.startswith("/dev/")} == {
        "/workspace", "/tmp", "/home/r1code",
    }  # fmt: skip
    assert all("nr_inodes=" in mount[3] and "size=" in mount[3] for mount in mounts if mount[0] == "r1code")
    for place in ("/", "/etc", "/usr/bin", "/dev", "/sys", "/home"):
        assert bench.run(f"touch {place}/x").exit_code != 0, place


def test_commands_share_their_folders_and_nothing_that_runs(bench: Bench):
    bench.out("echo 1 >/tmp/a; echo 2 >~/b; setsid sleep 1241 >/dev/null 2>&1 & sleep 0.1")
    assert bench.out("cat /tmp/a ~/b; pgrep sleep || true") == "1\n2\n"
    assert vanish("sleep 1241")


def test_a_server_goes_on_beside_commands_that_reach_its_port(bench: Bench):
    bench.sync({"a.txt": "old"})
    server = bench.sandbox.spawn("python3 -m http.server 8000", bench.control)
    fetch = "python3 -c \"import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/a.txt').read())\""
    printed = ""
    deadline = time.monotonic() + 40
    while "Serving" not in printed:
        assert time.monotonic() < deadline
        printed += server.output()
    assert bench.out(fetch) == "b'old'\n"
    bench.sync({"a.txt": "new"})
    assert bench.run("sleep 60", seconds=0.3).timed_out
    assert bench.out(fetch) == "b'new'\n"
    assert server.ended is None
    server.stop()
    assert server.ended == "stopped"
    assert bench.run(fetch).exit_code == 1
    failing = bench.sandbox.spawn("echo why >late; echo last; exit 7", bench.control)
    while failing.ended is None:
        assert time.monotonic() < deadline
    assert (failing.output(), failing.ended) == ("last\n", "exit code 7")
    assert bench.changes() == {"late": (0o644, b"why\n")}


def test_a_cancel_kills_at_once_and_keeps_the_files(bench: Bench, cancelling: Cancelling):
    bench.sync({"a": "1"})
    control = Control()
    running = bench.sandbox.run("echo 2 >b; setsid sleep 1242 & echo up; sleep 1242", control)
    assert next(running) == "up\n"
    assert cancelling(control, lambda: list(running), 0.4) < 0.5
    assert vanish("sleep 1242")
    assert bench.changes() == {"b": (0o644, b"2\n")}


@pytest.mark.parametrize("after", [0.0, 0.005, 0.01, 0.02, 0.03])
def test_a_command_that_is_cancelled_while_it_starts_never_runs(
    bench: Bench, cancelling: Cancelling, after: float
):
    bench.sandbox.start(bench.control)
    control = Control()
    running = bench.sandbox.run("sleep 2; echo ran >/tmp/ran; sleep 1243", control)
    assert cancelling(control, lambda: list(running), after) < 0.5
    time.sleep(2.1)
    assert bench.sandbox.read("/tmp/ran", bench.control) is None
    assert vanish("sleep 1243")


def keepers() -> list[int]:
    """Those of this process."""
    found = processes("--dev-bind / /")
    return [pid for pid in found if Path(f"/proc/{pid}/stat").read_text().split()[3] == str(os.getpid())]


def test_a_keeper_that_was_killed_is_told_and_replaced(bench: Bench):
    bench.sync({"a": "1"})
    running = bench.sandbox.run("echo up; sleep 1244", bench.control)
    assert next(running) == "up\n"
    (keeper,) = keepers()
    os.killpg(keeper, signal.SIGKILL)
    running.close()
    with pytest.raises(SandboxError, match="could not be run") as raised:
        bench.run("cat a")
    assert "ended from outside" in raised.value.why
    assert bench.out("cat a") == "1"
    assert any("sandbox was replaced" in said for said in bench.said)
    assert vanish("sleep 1244")


def test_closing_leaves_nothing(bench: Bench):
    bench.out("setsid sleep 1245 >/dev/null 2>&1 &")
    assert len(keepers()) == 1
    bench.sandbox.close()
    bench.sandbox.close()
    assert keepers() == []
    assert vanish("sleep 1245")
    assert not list(Path("/sys/fs/cgroup").rglob(f"r1code-{os.getpid()}-*"))
    assert bench.out("echo again") == "again\n"


PROGRAM = """
import sys
from pathlib import Path
from r1code.control import Control
from r1code.sandbox.base import Limits
from r1code.sandbox.bubblewrap import BubblewrapSandbox
from r1code.sandbox.copied import Copying
from r1code.tree.store import Store
sandbox = BubblewrapSandbox(Copying(store=Store(Path(sys.argv[1])), limits=Limits(), say=print))
for text in sandbox.run("echo up; setsid sleep 1246 & sleep 1246", Control()):
    print(text, flush=True)
"""


def test_when_r1code_is_killed_all_of_it_goes(tmp_path: Path):
    with subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as ran:
        assert ran.stdout is not None
        assert ran.stdout.readline() == "up\n"
        assert processes("sleep 1246")
        ran.kill()
    assert vanish("sleep 1246")
    # The next one sweeps what is left of its control groups, which hold nothing any more.
    probe(Control())
    assert not list(Path("/sys/fs/cgroup").rglob(f"r1code-{ran.pid}-*"))


def test_where_it_is_not_installed_that_is_said(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    sandbox = BubblewrapSandbox(Copying(store=store, limits=SMALL, say=print))
    with pytest.raises(SandboxError, match="no bubblewrap sandbox could be started") as raised:
        sandbox.start(Control())
    assert "bwrap" in raised.value.why
    assert "install the packages bubblewrap and util-linux" in raised.value.hint


def test_one_that_is_too_old_is_said_with_the_version_that_is_needed(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    old = tmp_path / "bwrap"
    old.write_text('#!/bin/sh\n[ "$1" = --help ] && echo "    --unshare-user  Create new user namespace" >&2\n')
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(SandboxError, match="no bubblewrap sandbox") as raised:
        BubblewrapSandbox(Copying(store=store, limits=SMALL, say=print)).start(Control())
    assert raised.value.why == f"{old} is too old: 0.8 or later is needed"
    assert probe(Control()) == ("", raised.value.why)


@pytest.fixture
def without_groups() -> Iterator[Keeper]:
    """What there is where nothing but rlimits can be had."""
    keeper = Keeper(SMALL, Resources(SMALL))
    yield keeper
    keeper.remove()


def said(keeper: Keeper, script: str) -> tuple[int | None, str]:
    running = keeper.execute(f"exec 2>&1; {script}")
    text = b""
    while not isinstance(item := keeper.next_item(running, Control(), 30.0, "test"), Ended):
        text += item[1]
    return item.code, text.decode()


def test_without_control_groups_one_process_cannot_take_much(without_groups: Keeper):
    assert "MemoryError" in said(without_groups, "python3 -c 'x = bytearray(400 << 20)'")[1]
    assert said(without_groups, "python3 -c 'x = bytearray(100 << 20)'") == (0, "")
    assert "fork" in said(without_groups, "for n in $(seq 99); do sleep 0.5 & done; wait")[1]
    assert said(without_groups, "ulimit -Hc") == (0, "0\n")
    higher = "import resource as r; r.setrlimit(r.RLIMIT_NPROC, (-1, -1))"
    assert said(without_groups, f"python3 -c '{higher}'")[0] == 1


def test_systemd_is_asked_with_the_addresses_of_its_bus_and_commands_do_not_see_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    fake = tmp_path / "systemd-run"
    fake.write_text(f'#!/bin/sh\nenv >>{tmp_path}/seen\nwhile [ "$1" != -- ]; do shift; done\nshift; exec "$@"\n')
    fake.chmod(0o755)
    bus = {"XDG_RUNTIME_DIR": "/run/user/1", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1/bus"}
    for name, value in (bus | {"CANARY": "1", "PATH": f"{tmp_path}:{os.environ['PATH']}"}).items():
        monkeypatch.setenv(name, value)
    scope = None
    for bounds in candidates(SMALL):
        bounds.close()
        scope = bounds if isinstance(bounds, Scope) else scope
    assert scope is not None
    keeper = Keeper(SMALL, scope)
    try:
        code, inside = said(keeper, "env; tr '\\0' '\\n' </proc/1/environ")
        started = Path(f"/proc/{keeper.pid}/environ").read_text()
    finally:
        keeper.remove()
    assert code == 0
    seen = (tmp_path / "seen").read_text()
    for name, value in bus.items():
        assert seen.count(f"{name}={value}\n") == 2
        assert name not in inside + started
    assert "CANARY" not in seen + inside


@pytest.fixture
def project() -> Iterator[Path]:
    """Where the sandbox's user can read it, whoever that is, and where the sandbox has nothing of its own."""
    folder = Path(tempfile.mkdtemp(prefix="r1code-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def borrowing(project: Path, store: Store) -> Iterator[Bench]:
    said: list[str] = []
    scripts = {
        "direct": "#!/bin/sh\necho direct",
        "installed": f"#!{project}/.venv/bin/direct",
    }
    for name, text in scripts.items():
        (project / ".venv/bin").mkdir(parents=True, exist_ok=True)
        (project / ".venv/bin" / name).write_text(f"{text}\n")
        (project / ".venv/bin" / name).chmod(0o777)
    # Nothing but the sandbox keeps anybody from writing there.
    (project / ".venv/bin").chmod(0o777)
    (project / ".venv").chmod(0o777)
    (project / "secret").write_text("canary")
    sandbox = BubblewrapSandbox(
        Copying(store=store, limits=SMALL, say=said.append), Borrowed(root=project, folders=(".venv",))
    )
    yield Bench(sandbox, store, said)
    sandbox.close()


def test_what_is_installed_in_the_project_is_there_to_read(borrowing: Bench, project: Path):
    borrowing.sync({"a": "1"})
    assert borrowing.out("direct; .venv/bin/direct") == "direct\ndirect\n"
    # Its first line names a path of this machine.
    assert borrowing.out("installed") == "direct\n"
    for write in ("echo x >.venv/bin/direct", "touch .venv/new", "rm .venv/bin/installed"):
        assert borrowing.run(write).exit_code != 0, write
    assert borrowing.run(f"cat {project}/secret").exit_code != 0
    assert borrowing.changes() == {}
    assert (project / ".venv/bin/direct").read_text() == "#!/bin/sh\necho direct\n"


def test_its_programs_do_not_replace_ours(borrowing: Bench, project: Path):
    borrowing.sync({"a": "1"})
    for name in ("prlimit", "sh", "bash", "tar", "find", "head", "stat", "xargs", "rm"):
        shutil.copy(project / ".venv/bin/direct", project / ".venv/bin" / name)
        (project / ".venv/bin" / name).write_text("#!/bin/sh\ntouch /tmp/hit\n")
    borrowing.run("echo 2 >b; false")
    assert borrowing.changes() == {"b": (0o644, b"2\n")}
    borrowing.sync({"a": "3"})
    assert borrowing.sandbox.read("/workspace/a", borrowing.control) == b"3"
    assert borrowing.sandbox.read("/tmp/hit", borrowing.control) is None


def test_nothing_can_be_put_in_its_place(borrowing: Bench, project: Path, tmp_path: Path):
    away = tmp_path / "away"
    borrowing.sync({"a": "1"})
    borrowing.run(f"rm -rf .venv; mv .venv b; ln -s ../oldroot{away} .venv; rmdir .venv; ln -s {away} .venv")
    borrowing.sync({"a": "2"})
    assert borrowing.out("cat a; direct") == "2direct\n"
    assert not away.exists()
    assert sorted(place.name for place in project.iterdir()) == [".venv", "secret"]
    assert borrowing.changes() == {}
