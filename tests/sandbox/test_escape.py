"""What a hostile command tries, on the real engine: to get out, and to leave something behind for the next."""

from __future__ import annotations

import io
import json
import shlex
import socket
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker
import pytest

from fakes.bench import Bench, Make
from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.images.image import ensure_image

pytestmark = pytest.mark.docker
SANDBOXES = ["docker", "bubblewrap"]

ATTEMPTS = (Path(__file__).parent / "attempts.py").read_text()
RED_ANYWHERE = {
    "mount", "mount again, writable", "chroot", "a device", "root by setuid", "other groups",
    "a set-user program", "a file for root", "user namespace", "mount namespace", "network namespace",
    "hostname", "keyring", "add a key", "bpf", "perf", "open by handle", "pivot_root", "swap", "quota",
    "join a namespace", "new mount calls", "signal the first process", "docker socket", "raw socket",
    "raw socket, v6", "packet socket", "packet socket, cooked", "the machine's loopback",
    "the machine's abstract sockets", "write /etc/passwd", "write /usr/bin/env", "read /etc/shadow",
}  # fmt: skip
"""What works in a container that is not confined, whatever the kernel was built with."""


@contextmanager
def listening() -> Iterator[tuple[int, str]]:
    """A port on this machine's loopback and the name of an abstract socket, where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        port = int(tcp.getsockname()[1])
        unix.bind(f"\0r1code-test-{port}")
        unix.listen()
        yield port, f"r1code-test-{port}"


ITS_OWN = {
    "trace the first process", "signal the first process", "memory of the first process", "write /proc/1/mem",
    "write /proc/1/oom_score_adj", "read /proc/1/environ", "list /proc/1/fd",
}  # fmt: skip
"""In bubblewrap each command has a first process of its own, of the same user and as confined as itself."""


def test_of_many_ways_out_none_works(bench: Bench, where: str):
    with listening() as (port, name):
        found = json.loads(bench.out(f"python3 -c {shlex.quote(ATTEMPTS)} {port} {name}"))
    assert len(found) > 90
    works = {way: what for way, what in found.items() if what is not None}
    assert works.keys() == (ITS_OWN if where == "bubblewrap" else set()), works


@pytest.mark.full
def test_the_same_ways_work_where_nothing_is_confined(engine: docker.DockerClient):
    with listening() as (port, name):
        printed = engine.containers.run(
            ensure_image(engine, None, print, Control()),
            ["python3", "-c", ATTEMPTS, str(port), name],
            cap_add=["SYS_ADMIN", "DAC_READ_SEARCH"],
            security_opt=["seccomp=unconfined"],
            network_mode="host",
            pid_mode="host",
            volumes=["/var/run/docker.sock:/var/run/docker.sock"],
            remove=True,
        )
    found = json.loads(printed)
    assert {way for way in RED_ANYWHERE if found[way] is None} == set()


LEFT = "setsid sleep 1234 >/dev/null 2>&1 & sleep 0.1; "


@pytest.mark.parametrize(
    "end",
    [
        "kill -9 $PPID",
        "kill $PPID",
        "for fd in /proc/$PPID/fd/*; do echo ended >$fd; done 2>/dev/null; kill -9 $PPID; sleep 1",
        "kill -9 -1",
        "exec true",
    ],
)
def test_nothing_runs_on_whatever_a_command_does_to_the_script_around_it(bench: Bench, end: str):
    bench.run(LEFT + end)
    assert bench.out("ps -eo args | grep 'sleep 123[0-9]' || true") == ""


def test_a_command_that_stops_the_script_around_it_meets_the_time_limit(bench: Bench):
    result = bench.run(LEFT + "kill -STOP $PPID", seconds=1.0)
    assert result.timed_out
    assert bench.out("ps -eo args | grep 'sleep 123[0-9]' || true") == ""


def test_a_command_that_feeds_the_scripts_own_stream_meets_the_time_limit(bench: Bench):
    feed = "for fd in 10 11 12; do (while :; do echo x; sleep 0.1; done >/proc/$PPID/fd/$fd) 2>/dev/null & done;"
    result = bench.run(f"{feed} exec sleep 60 >/dev/null", seconds=1.5)
    assert result.timed_out
    assert result.seconds < 10


def test_files_in_the_home_folder_do_not_reach_into_what_r1code_runs(bench: Bench):
    bench.sync({"a": "1"})
    hostile = "echo hit >>/tmp/hits"
    bench.out(
        f"for name in .profile .bashrc .bash_profile .bash_login .shrc .kshrc .env; do echo '{hostile}' >~/$name;"
        " cp ~/$name /workspace/; done; for name in sh bash tar find xargs head rm stat kill sleep; do"
        f" printf '#!/bin/sh\\n{hostile}\\n' >/workspace/$name; chmod +x $name; cp $name ~ ; mkdir -p ~/bin"
        " ~/.local/bin; cp $name ~/bin; cp $name ~/.local/bin; done; export ENV=~/.env BASH_ENV=~/.env"
    )
    bench.sync({"a": "2"})
    bench.changes()
    assert bench.out("cat a; ls /tmp/hits 2>/dev/null; echo $ENV$BASH_ENV$LD_PRELOAD") == "2\n"


@contextmanager
def image(engine: docker.DockerClient, lines: str = "", programs: dict[str, str] | None = None) -> Iterator[str]:
    """The base image and more, with these shell scripts in /usr/bin; gone afterwards."""
    base = ensure_image(engine, None, print, Control())
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for name, script in {
            "Dockerfile": f"FROM {base}\n{lines}\nCOPY bin /usr/bin/\n",
            **(programs or {}),
        }.items():
            data = (script if name == "Dockerfile" else f"#!/bin/sh\n{script}\n").encode()
            info = tarfile.TarInfo(name if name == "Dockerfile" else f"bin/{name}")
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))
        if not programs:
            tar.addfile(tarfile.TarInfo("bin/r1code-test"))
    context.seek(0)
    name = "r1code-test:hostile"
    engine.images.build(fileobj=context, custom_context=True, tag=name, rm=True)
    try:
        yield name
    finally:
        engine.api.remove_image(name, force=True)


def test_programs_of_the_work_tree_are_not_ours_even_if_the_image_names_them_first(
    engine: docker.DockerClient, make: Make
):
    with image(engine, "ENV PATH=/workspace/bin:/usr/local/bin:/usr/bin:/bin") as name:
        bench = make(image=name)
        bench.sync({"a": "1"})
        bench.out(
            "mkdir bin; for name in tar find xargs head rm stat; do"
            " printf '#!/bin/sh\\n/usr/bin/touch /tmp/hit\\n' >bin/$name; chmod +x bin/$name; done;"
            " hash -r; tar; ls /tmp/hit"
        )
        bench.out("/bin/rm /tmp/hit")
        assert bench.run("exit 3").exit_code == 3
        assert set(bench.changes()) == {f"bin/{name}" for name in ("tar", "find", "xargs", "head", "rm", "stat")}
        bench.sync({"a": "2"})
        assert bench.out("cat a; ls /tmp") == "2"
        bench.sandbox.close()


FORGED = "".join(
    f"{kind}\\000{mode}\\0003\\0001.0\\0007\\000{target}\\000{path}\\000"
    for kind, mode, target, path in (
        ("f", "644", "", "./../../out"),
        ("f", "644", "", "/etc/out"),
        ("f", "644", "", "./a/../../out"),
        ("f", "644", "", "./.git/config"),
        ("f", "644", "", "./x"),
        ("l", "777", "/etc/passwd", "./link"),
    )
)
LYING_TAR = """python3 -c '
import io, sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
    for name in ("./../../out", "/etc/out", "./x"):
        info = tarfile.TarInfo(name)
        info.size = 4
        tar.addfile(info, io.BytesIO(b"abc" + name[-1:].encode()))
'"""


def test_a_listing_and_an_archive_that_lie_about_where_files_are_lead_nowhere(
    engine: docker.DockerClient, make: Make
):
    with image(engine, programs={"find": f"printf '{FORGED}'", "tar": LYING_TAR}) as name:
        bench = make(image=name)
        bench.run("true")
        assert bench.changes() == {"x": (0o644, b"abcx")}
        said = "\n".join(bench.said)
        for path in ("../../out", "/etc/out", "a/../../out", ".git/config", "link"):
            assert path in said, path
        bench.sandbox.close()


@pytest.mark.parametrize(
    ("programs", "why"),
    [
        ({"find": "head -c 4000 /dev/zero"}, "makes no sense"),
        ({"find": "cat /dev/zero"}, "more than 100 MB"),
        ({"tar": "head -c 4000 /dev/urandom"}, "no tar archive"),
        ({"tar": "cat /dev/zero"}, "grew while"),
        ({"tar": "exit 0"}, "no tar archive"),
    ],
)
def test_helpers_of_an_image_that_talk_nonsense_or_without_end_are_errors_in_words(
    engine: docker.DockerClient, make: Make, programs: dict[str, str], why: str
):
    with image(engine, programs=programs) as name:
        bench = make(image=name)
        bench.out("echo abc >x")
        with pytest.raises(SandboxError) as raised:
            bench.changes()
        assert why in raised.value.why
        bench.sandbox.close()


def test_links_of_every_kind_bring_back_nothing_from_outside_the_tree(bench: Bench):
    bench.sync({"kept": "1", "d/kept": "2"})
    bench.run(
        "echo secret >/tmp/secret; ln /tmp/secret hard; ln /etc/passwd hard2; ln -s /etc/passwd abs;"
        " ln -s ../../etc/passwd up; ln -s d/../../etc/passwd round; ln -s /proc/self/root/etc/passwd proc;"
        " rm -r d; ln -s /etc d; ln -s kept fine; ln -s . dot"
    )
    changed = bench.changes()
    assert changed.pop("fine") == (0o777, b"kept")
    assert changed.pop("dot", None) in {None, (0o777, b".")}
    assert changed == {}


def test_files_that_change_while_they_are_copied_are_an_error_or_whole(bench: Bench, engine: docker.DockerClient):
    bench.sync({"a": "1"})
    bench.out("for n in $(seq 20); do head -c 1M /dev/zero >f$n; done")
    found = engine.containers.list(filters={"label": ["r1code.owner=test"]})
    inside = next(one for one in found if one.exec_run(["ls", "/workspace/f20"]).exit_code == 0)
    # Nothing of a command runs on; somebody on the machine does it.
    inside.exec_run(
        ["sh", "-c", "while :; do for f in f*; do : >$f; echo grown >>$f; done; done"],
        user="1000:1000", workdir="/workspace", detach=True,
    )  # fmt: skip
    for _ in range(5):
        with suppress(SandboxError):
            assert all(path.startswith("f") for path in bench.changes())
    bench.run("true")  # its end kills whatever there is of that user
    bench.run("rm f*")
    assert all(change is None for change in bench.changes().values())
    assert bench.changes() == {}
