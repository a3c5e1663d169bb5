"""What a command in a container cannot do. Every test looks from inside."""

from __future__ import annotations

import re

import docker
import pytest

from fakes.bench import Bench, Make, Ours
from r1code.sandbox.base import Limits

pytestmark = pytest.mark.docker


def test_there_is_no_network(bench: Bench):
    assert bench.out("ls /sys/class/net") == "lo\n"
    program = "import socket; socket.create_connection(('1.1.1.1', 53), 2)"
    result = bench.run(f'python3 -c "{program}"')
    assert result.exit_code == 1
    assert "Network is unreachable" in result.output


def test_there_are_no_capabilities_and_no_way_to_more(bench: Bench):
    status = bench.out("cat /proc/self/status")
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert re.search(rf"(?m)^{name}:\t0+$", status), name
    assert re.search(r"(?m)^NoNewPrivs:\t1$", status)
    assert re.search(r"(?m)^Seccomp:\t2$", status)


def test_commands_are_not_root_and_cannot_become_it(bench: Bench):
    assert bench.out("id -u; id -g; id -G") == "1000\n1000\n1000\n"
    assert bench.run("su -c true || chroot / true || unshare -U true").exit_code != 0


def test_the_root_is_read_only(bench: Bench):
    for place in ("/", "/etc", "/usr/bin", "/var/tmp", "/root"):
        assert bench.run(f"touch {place}/x").exit_code != 0, place
    assert " ro," in bench.out("grep ' / ' /proc/mounts")
    assert bench.run("echo 1 >/proc/sys/kernel/panic").exit_code != 0


def test_what_is_writable_is_small_and_goes_with_the_container(bench: Bench):
    writable = bench.out(
        "find / -xdev -type d -writable 2>/dev/null; awk '$4 ~ /^rw/ {print $2, $3}' /proc/mounts"
    )
    mounts = {line.split()[0]: line.split()[1] for line in writable.splitlines() if " " in line}
    plain = [line for line in writable.splitlines() if " " not in line]
    assert set(plain) == {"/workspace", "/tmp", "/home/r1code"}
    for place in ("/workspace", "/tmp", "/home/r1code"):
        assert mounts.pop(place) == "tmpfs"
    assert set(mounts.values()) <= {"tmpfs", "proc", "devpts", "mqueue"}, mounts


def test_no_file_of_the_host_and_no_engine_is_there(bench: Bench, engine: docker.DockerClient, ours: Ours):
    bench.sandbox.start(bench.control)
    (container,) = ours()
    described = engine.api.inspect_container(container)
    assert described["Mounts"] == []
    assert described["HostConfig"]["Binds"] is None
    assert not described["HostConfig"]["Privileged"]
    assert bench.out("find / -xdev -name 'docker*.sock' 2>/dev/null; ls /var/run /run").count("docker") == 0
    assert bench.run("ls /dev/mem /dev/kmsg /dev/sda").exit_code != 0


def test_the_environment_is_ours(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEEPSEEK_API_KEY", "canary")
    monkeypatch.setenv("HTTP_PROXY", "http://user:canary@proxy.invalid")
    names = {line.partition("=")[0] for line in bench.out("env; tr '\\0' '\\n' </proc/self/environ").splitlines()}
    assert names == {
        *("HOME", "HOSTNAME", "LANG", "LOGNAME", "PATH", "PWD", "PYTHONDONTWRITEBYTECODE", "SHLVL", "USER", "_"),
    }
    assert "canary" not in bench.out("env")
    assert bench.out("echo $PATH").startswith("/usr/local/sbin:/usr/local/bin:")
    assert bench.out("echo $HOME; cd; touch x; python3 -c 'import getpass; print(getpass.getuser())'") == (
        "/home/r1code\nr1code\n"
    )


def test_the_first_process_belongs_to_somebody_else(bench: Bench):
    assert bench.out("stat -c %u /proc/1") == "65534\n"
    assert bench.run("kill -9 1").exit_code != 0


def test_the_disk_is_limited(bench: Bench):
    for place in ("/workspace", "/tmp", "/home/r1code"):
        result = bench.run(f"head -c 40M /dev/zero >{place}/big; rm {place}/big; exit 1")
        assert "No space left" in result.output, place


def test_processes_are_limited(bench: Bench):
    result = bench.run("for i in $(seq 100); do sleep 0.5 & done 2>&1")
    assert "Resource temporarily unavailable" in result.output


def test_processor_time_is_limited(engine: docker.DockerClient, make: Make, ours: Ours):
    bench = make(limits=Limits(memory_mb=128, disk_mb=16, pids=64, cpus=0.5, seconds=20.0))
    bench.sandbox.start(bench.control)
    (container,) = ours()
    host = engine.api.inspect_container(container)["HostConfig"]
    assert host["CpuQuota"] / host["CpuPeriod"] == 0.5
    assert host["Memory"] == host["MemorySwap"] == 128 * 1024 * 1024


def test_more_processors_than_there_are_is_no_error(make: Make):
    assert make(limits=Limits(cpus=512.0)).out("echo ok") == "ok\n"


def test_a_core_is_never_dumped(bench: Bench):
    bench.run("sh -c 'kill -SEGV $$'")
    assert bench.out("ulimit -Hc; ls") == "0\n"
