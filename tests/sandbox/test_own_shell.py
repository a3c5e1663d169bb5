"""A person's own command: their shell, their environment, their folder; interrupted first and then killed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from r1code.control import Control
from r1code.errors import Cancelled
from r1code.sandbox.base import Limits
from r1code.sandbox.host import own_shell
from r1code.types import ExecResult


def ended(running: Generator[str, None, ExecResult]) -> ExecResult:
    while True:
        try:
            next(running)
        except StopIteration as stop:
            result: ExecResult = stop.value
            return result


def run(command: str, root: Path, control: Control | None = None, **limits: int) -> ExecResult:
    return ended(own_shell(command, root, control or Control(), Limits(**limits)))


def test_it_has_the_persons_shell_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = tmp_path / "shell"
    shell.write_text('#!/bin/sh\necho mine\nexec /bin/sh "$@"\n')
    shell.chmod(0o755)
    monkeypatch.setenv("SHELL", str(shell))
    monkeypatch.setenv("API_TOKEN_OF_MINE", "t0ken")
    result = run('pwd; echo "$API_TOKEN_OF_MINE"; read x; echo "[$x]"; exit 3', tmp_path)
    assert result.output.splitlines() == ["mine", str(tmp_path), "t0ken", "[]"]
    assert result.exit_code == 3
    monkeypatch.setenv("SHELL", "/nowhere/zsh")
    assert run("echo still", tmp_path).output == "still\n"


def test_a_flood_is_bounded(tmp_path: Path) -> None:
    result = run("yes | head -c 3000000", tmp_path, output_bytes=2_000)
    assert result.truncated
    assert len(result.output) <= 2_000


@pytest.fixture
def heeded() -> Iterator[None]:
    """SIGINT, as where a person is there; what runs these tests in the background has them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize("ignores", [False, True])
def test_a_stop_interrupts_it_and_then_kills_all_of_it(tmp_path: Path, ignores: bool) -> None:
    control = Control()
    trap = "trap '' INT" if ignores else "trap 'echo tidy > tidied; exit' INT"
    # No `wait`: a signal that comes as it begins is not seen before a child ends.
    command = f"{trap}; sleep 60 & echo $! > child; while :; do sleep 0.05; done"
    timer = threading.Thread(target=lambda: (_until(tmp_path / "child"), control.cancel()))
    timer.start()
    with pytest.raises(Cancelled):
        run(command, tmp_path, control)
    timer.join()
    assert (tmp_path / "tidied").exists() is not ignores
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    until = time.monotonic() + 40
    while child.exists() and ") Z " not in child.read_text():
        assert time.monotonic() < until
        time.sleep(0.05)


def _until(file: Path) -> None:
    while not (file.exists() and file.read_text().strip()):
        time.sleep(0.02)
