"""Commands in a real container: what they print, how they end, and that nothing of them goes on."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from fakes.bench import Bench, Cancelling, Make, Ours
from fakes.pace import Pace
from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.base import Limits
from r1code.sandbox.images.image import ensure_image

pytestmark = pytest.mark.docker

SMALL_MEMORY = Limits(memory_mb=64, disk_mb=16, pids=64, seconds=20.0)


def test_both_streams_come_in_order_with_the_exit_code(bench: Bench):
    result = bench.run("for i in 1 2 3; do echo out $i; echo err $i >&2; done; exit 3")
    assert result.output == bench.live == "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n"
    assert (result.exit_code, result.signal, result.timed_out, result.truncated) == (3, None, False, False)


def test_output_comes_while_the_command_runs(bench: Bench):
    bench.sandbox.start(bench.control)
    with Pace() as pace:
        running = bench.sandbox.run("echo first; sleep 30", bench.control)
        assert next(running) == "first\n"
        assert pace.seconds < 5
    running.close()


def test_output_is_decoded_across_the_engines_frames(bench: Bench):
    result = bench.run("for i in $(seq 30000); do printf 'é€'; done; printf '\\377'")
    assert bench.live == "é€" * 30000 + "\ufffd"
    assert result.truncated
    assert len(result.output.encode()) <= 20_000


def test_a_command_runs_in_bash_in_the_work_tree_without_input(bench: Bench):
    assert bench.out("[[ a == a ]] && pwd; cat; shopt -q expand_aliases || echo plain") == "/workspace\nplain\n"


def test_variables_of_one_run_are_not_those_of_the_next(bench: Bench):
    assert bench.run('echo "$REPORT"', env={"REPORT": "/tmp/a  b"}).output == "/tmp/a  b\n"
    assert bench.out("echo ${REPORT-none}") == "none\n"


def test_a_signal_is_reported(bench: Bench):
    result = bench.run("sh -c 'kill -SEGV $$'")
    assert (result.exit_code, result.signal) == (139, 11)


def test_a_command_that_kills_all_it_can_ends_only_itself(bench: Bench):
    result = bench.run("kill -9 -1; kill -9 $$")
    assert result.exit_code == 137
    assert bench.out("echo alive") == "alive\n"


DAEMONS = "setsid sleep 1234 >/dev/null 2>&1 & (setsid sh -c 'sleep 1235 & wait' &) ; nohup sleep 1236 & "


def sleepers(bench: Bench) -> str:
    return bench.out("ps -eo args | grep 'sleep 123[0-9]' || true")


def test_a_timeout_kills_daemons_as_well_and_keeps_what_was_printed(bench: Bench):
    with Pace() as pace:
        result = bench.run(DAEMONS + "echo up; sleep 1237", seconds=1.0)
        assert pace.seconds < 3
    assert result.timed_out
    assert (result.exit_code, result.signal) == (None, 9)
    assert "up\n" in result.output
    assert result.output.endswith("[killed: it ran longer than the limit of 1 s]\n")
    assert sleepers(bench) == ""


def test_what_a_command_leaves_in_the_background_ends_with_it(bench: Bench):
    with Pace() as pace:
        result = bench.run(DAEMONS + "sleep 0.2; echo done")
        assert pace.seconds < 3
    assert result.exit_code == 0
    assert result.output.endswith("done\n")
    assert sleepers(bench) == ""


def test_closing_the_generator_kills_everything(bench: Bench):
    running = bench.sandbox.run(DAEMONS + "echo up; sleep 1237", bench.control)
    while "up" not in next(running):
        pass
    running.close()
    assert sleepers(bench) == ""


def test_a_flood_is_killed_and_said(bench: Bench):
    result = bench.run("yes")
    assert (result.truncated, result.timed_out, result.exit_code) == (True, False, None)
    assert len(result.output.encode()) <= 20_000
    assert "bytes of output dropped" in result.output
    assert "2000000 bytes" in result.output.splitlines()[-1]
    assert bench.out("pgrep -c yes || true") == "0\n"


def test_a_kill_for_memory_is_told_from_other_kills(make: Make):
    bench = make(limits=SMALL_MEMORY)
    hog = "python3 -c 'x = bytearray(300 * 1024 * 1024)'"
    result = bench.run(hog)
    assert result.signal == 9
    assert result.output.splitlines()[-1] == "[killed: more memory was used than the limit of 64 MB]"
    assert "memory" not in bench.run("kill -9 $$").output
    assert "more memory was used" in bench.run(f"{hog}; exit 1").output


def test_a_fork_bomb_is_survived(bench: Bench):
    bench.sync({"a.txt": "a"})
    bench.run("bomb() { bomb | bomb & }; bomb; sleep 100", seconds=1.5)
    assert bench.out("cat a.txt") == "a"


def test_a_process_that_holds_every_pid_costs_the_container_and_nothing_else(bench: Bench):
    bench.sync({"a.txt": "a"})
    result = bench.run("while :; do sleep 1000 & done 2>/dev/null", seconds=1.0)
    assert result.timed_out
    assert bench.out("cat a.txt; pgrep -c sleep") == "a1\n"


def test_reading_gives_the_bytes_or_nothing(bench: Bench):
    bench.run("printf 'a\\0\\377' >/tmp/report; mkdir /tmp/folder; mkfifo /tmp/pipe; : >/tmp/empty")
    read = bench.sandbox.read
    assert read("/tmp/report", bench.control) == b"a\0\xff"
    assert read("/tmp/empty", bench.control) == b""
    for path in ("/tmp/none", "/tmp/folder", "/tmp/pipe", "/tmp/report/below"):
        assert read(path, bench.control) is None


def test_reading_something_huge_is_refused(make: Make):
    bench = make(limits=Limits(memory_mb=512, disk_mb=128, pids=64, seconds=20.0))
    bench.out("truncate -s 60M /tmp/huge")
    with pytest.raises(SandboxError, match="could not be read"):
        bench.sandbox.read("/tmp/huge", bench.control)


@pytest.mark.parametrize(
    "use",
    [
        lambda bench: bench.run("echo hi"),
        lambda bench: bench.sync({"a.txt": "b"}),
        lambda bench: bench.sandbox.changes(bench.control),
        lambda bench: bench.sandbox.read("/tmp/x", bench.control),
    ],
    ids=["run", "sync", "changes", "read"],
)
def test_a_container_that_was_removed_is_told_and_replaced(
    engine: docker.DockerClient, bench: Bench, ours: Ours, use: Callable[[Bench], object]
):
    bench.sync({"a.txt": "a"})
    bench.out("echo made >made.txt")
    (container,) = ours()
    engine.api.remove_container(container, force=True)
    with pytest.raises(SandboxError) as raised:
        use(bench)
    assert "removed, stopped or paused" in raised.value.why
    assert "new container" in raised.value.hint
    bench.sandbox.start(bench.control)
    assert bench.out("cat a.txt; ls") == "aa.txt\n"
    assert any("replaced" in said for said in bench.said)


def test_a_container_that_dies_under_a_command_is_no_result(
    engine: docker.DockerClient, bench: Bench, ours: Ours
):
    running = bench.sandbox.run("echo up; sleep 100", bench.control)
    assert next(running) == "up\n"
    (container,) = ours()
    engine.api.remove_container(container, force=True)
    with pytest.raises(SandboxError) as raised:
        next(running)
    assert "removed, stopped or paused" in raised.value.why
    assert bench.out("echo new") == "new\n"


def test_starting_twice_makes_one_container_and_closing_leaves_none(bench: Bench, ours: Ours):
    bench.sandbox.start(bench.control)
    bench.sandbox.start(bench.control)
    assert len(ours()) == 1
    bench.sandbox.close()
    assert ours() == []
    bench.sandbox.close()
    assert bench.out("echo again") == "again\n"


def test_an_unknown_image_is_told_with_what_to_do(make: Make):
    bench = make(image="localhost:1/no/such:image")
    with pytest.raises(SandboxError, match="no/such:image is not here") as raised:
        bench.sandbox.start(bench.control)
    assert "docker load" in raised.value.hint


@pytest.mark.parametrize("command", ["", "exit 0", "exit", "#", "'", "$(", "a=1", "\\"])
def test_odd_commands_are_results_not_failures(bench: Bench, command: str):
    assert bench.run(command).exit_code is not None


def test_a_command_too_long_for_the_system_is_a_sandbox_error(bench: Bench):
    with pytest.raises(SandboxError, match="could not be run"):
        bench.run("x" * 300_000)
    assert bench.out("echo ok") == "ok\n"


def test_cancels_do_not_wait(bench: Bench, cancelling: Cancelling, ours: Ours):
    bench.sandbox.start(bench.control)
    control = Control()
    running = bench.sandbox.run(DAEMONS + "sleep 1237", control)
    assert cancelling(control, lambda: list(running), 0.5) < 0.5
    assert len(ours()) <= 1
    assert sleepers(bench) == ""


def test_an_image_without_a_shell_is_told_and_leaves_no_container(
    engine: docker.DockerClient, make: Make, tmp_path: Path
):
    (tmp_path / "etc").mkdir()
    archive = tmp_path / "empty.tar"
    subprocess.run(["tar", "-cf", archive, "-C", tmp_path, "etc"], check=True)
    engine.api.import_image_from_file(str(archive), repository="r1code-test", tag="empty")
    try:
        bench = make(image="r1code-test:empty")
        with pytest.raises(SandboxError, match="could not be run") as raised:
            bench.run("true")
        assert "ended before it could be used" in raised.value.why
        assert "use another image" in raised.value.hint
    finally:
        engine.api.remove_image("r1code-test:empty", force=True)


def test_the_volumes_of_an_image_are_small_and_go_with_the_container(engine: docker.DockerClient, make: Make):
    base = ensure_image(engine, None, print, Control())
    dockerfile = f'FROM {base}\nENV PATH=/opt/bin:/usr/bin:/bin\nVOLUME /data\nENTRYPOINT ["false"]\n'
    engine.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag="r1code-test:volume", rm=True)
    before = engine.api.volumes()["Volumes"]
    try:
        bench = make(image="r1code-test:volume")
        assert bench.out("echo $PATH; stat -f -c %T /data") == "/opt/bin:/usr/bin:/bin\ntmpfs\n"
        assert engine.api.volumes()["Volumes"] == before
        bench.sandbox.close()
    finally:
        engine.api.remove_image("r1code-test:volume", force=True)
