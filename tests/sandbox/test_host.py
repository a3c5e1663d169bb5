from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.bench import Cancelling
from fakes.pace import Pace
from r1code.control import Control
from r1code.errors import Cancelled, SandboxError, StateError
from r1code.sandbox.base import Limits
from r1code.sandbox.host import HostSandbox
from r1code.tree.snapshot import Entry, Snapshot
from r1code.types import ExecResult

LIMITS = Limits(seconds=20.0, output_bytes=2_000, flood_bytes=1_000_000)


def sandbox_in(root: Path, scan: Callable[[], Snapshot] = lambda: Snapshot({})) -> HostSandbox:
    return HostSandbox(root, limits=LIMITS, scan=scan)


def run(
    sandbox: HostSandbox, command: str, seconds: float | None = None, env: dict[str, str] | None = None
) -> ExecResult:
    running = sandbox.run(command, Control(), seconds=seconds, env=env)
    while True:
        try:
            next(running)
        except StopIteration as stopped:
            result: ExecResult = stopped.value
            return result


def runs(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def dies(pid_file: Path) -> bool:
    deadline = time.monotonic() + 40
    while runs(pid_file):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_commands_run_in_the_folder_and_both_streams_come_in_order(tmp_path: Path):
    result = run(sandbox_in(tmp_path), "pwd; echo err >&2; echo out; exit 3")
    assert result.output == f"{tmp_path}\nerr\nout\n"
    assert (result.exit_code, result.signal, result.succeeded) == (3, None, False)


def test_the_environment_holds_no_keys_and_what_the_caller_adds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in (
        "DEEPSEEK_API_KEY",
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "SSH_AUTH_SOCK",
        "LD_PRELOAD_OF_OURS",
    ):
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("LC_TIME", "C")
    output = run(sandbox_in(tmp_path), "env", env={"REPORT": "/x"}).output
    assert "canary" not in output
    assert "REPORT=/x\n" in output
    assert "LC_TIME=C\n" in output
    assert f"HOME={os.environ['HOME']}\n" in output


def test_a_command_has_no_input(tmp_path: Path):
    assert run(sandbox_in(tmp_path), "cat; echo done").output == "done\n"


def test_a_signal_is_reported_for_the_shell_itself_and_for_its_child(tmp_path: Path):
    for command in ("kill -SEGV $$", "sh -c 'kill -SEGV $$'; exit $?"):
        result = run(sandbox_in(tmp_path), command)
        assert (result.exit_code, result.signal) == (139, 11)


def test_a_timeout_kills_the_whole_group(tmp_path: Path):
    with Pace() as pace:
        result = run(sandbox_in(tmp_path), "sleep 100 & echo $! >pid; wait", seconds=1.5)
        assert pace.seconds < 2
    assert result.timed_out
    assert dies(tmp_path / "pid")


def test_what_a_command_leaves_in_the_background_ends_with_it(tmp_path: Path):
    with Pace() as pace:
        result = run(sandbox_in(tmp_path), "sleep 100 & echo $! >pid; echo done")
        assert pace.seconds < 2
    assert result.output == "done\n"
    assert dies(tmp_path / "pid")


def test_a_child_that_left_the_group_does_not_hold_up_the_result(tmp_path: Path):
    program = "import os,time; os.setsid(); open('pid','w').write(str(os.getpid())); time.sleep(100)"
    try:
        with Pace() as pace:
            result = run(
                sandbox_in(tmp_path), f'python3 -c "{program}" & while [ ! -s pid ]; do sleep 0.05; done'
            )
            assert pace.seconds < 4
        assert result.exit_code == 0
    finally:
        subprocess.run(["kill", (tmp_path / "pid").read_text()], check=True)


def test_a_command_that_closes_its_output_is_waited_for_and_can_time_out(tmp_path: Path):
    assert run(sandbox_in(tmp_path), "exec >&- 2>&-; sleep 0.2; exit 4").exit_code == 4
    result = run(sandbox_in(tmp_path), "exec >&- 2>&-; echo $$ >pid; sleep 100", seconds=1.5)
    assert result.timed_out
    assert dies(tmp_path / "pid")


def test_a_flood_is_killed(tmp_path: Path):
    result = run(sandbox_in(tmp_path), "yes")
    assert result.truncated
    assert not result.timed_out
    assert len(result.output.encode()) <= LIMITS.output_bytes


def test_a_cancel_kills_at_once(tmp_path: Path, cancelling: Cancelling):
    control = Control()
    running = sandbox_in(tmp_path).run("echo $$ >pid; echo up; sleep 100", control)
    assert next(running) == "up\n"
    assert cancelling(control, lambda: list(running), 0.3) < 0.2
    assert dies(tmp_path / "pid")


def test_closing_the_generator_kills(tmp_path: Path):
    running = sandbox_in(tmp_path).run("echo $$ >pid; echo up; sleep 100", Control())
    assert next(running) == "up\n"
    running.close()
    assert dies(tmp_path / "pid")


def test_changes_are_those_since_the_last_sync(tmp_path: Path):
    old, new = (Entry(kind="file", mode=0o644, digest=digit * 64) for digit in "01")
    sandbox = sandbox_in(tmp_path, lambda: Snapshot({"a": new}))
    sandbox.sync(Snapshot({"a": old, "b": old}), Control())
    patch = sandbox.changes(Control())
    assert [(change.path, change.before, change.after) for change in patch.changes] == [
        ("a", old, new),
        ("b", old, None),
    ]


@pytest.mark.parametrize("error", [OSError("x"), StateError("x", why="y", hint="z")])
def test_a_scan_that_fails_is_a_sandbox_error(tmp_path: Path, error: Exception):
    def scan() -> Snapshot:
        raise error

    with pytest.raises(SandboxError):
        sandbox_in(tmp_path, scan).changes(Control())


def test_reading_gives_bytes_or_nothing(tmp_path: Path):
    (tmp_path / "f").write_bytes(b"\0\xff")
    sandbox = sandbox_in(tmp_path)
    assert sandbox.read(str(tmp_path / "f"), Control()) == b"\0\xff"
    assert sandbox.read(str(tmp_path / "none"), Control()) is None
    assert sandbox.read(str(tmp_path), Control()) is None
    assert sandbox.read(str(tmp_path / "f/below"), Control()) is None


def test_a_folder_that_is_not_there_is_a_sandbox_error(tmp_path: Path):
    with pytest.raises(SandboxError, match="cannot run here"):
        run(sandbox_in(tmp_path / "none"), "true")


def test_a_command_too_long_for_the_system_is_a_sandbox_error(tmp_path: Path):
    with pytest.raises(SandboxError, match="could not be started"):
        run(sandbox_in(tmp_path), "x" * 300_000)


def test_cancelled_before_it_starts_nothing_runs(tmp_path: Path):
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        next(sandbox_in(tmp_path).run("touch ran", control))
    assert not (tmp_path / "ran").exists()
