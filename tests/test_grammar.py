"""What is said before a command counts as what is said after it, or is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from r1code.options.grammar import parse


@pytest.mark.parametrize(
    ("words", "dest", "value"),
    [
        (["--dry-run", "fix"], "dry_run", True),
        (["-C", "/there", "fix"], "folder", "/there"),
        (["-C", "/there", "fix", "-C", "/here"], "folder", "/here"),
        (["fix"], "folder", "."),
        (["--sandbox", "docker", "plan", "Task"], "sandbox", "docker"),
        (["--allow", "one", "fix", "--allow", "other"], "allow", ["one", "other"]),
        (["-C", "/there", "sandbox", "build"], "folder", "/there"),
        (["--json", "sessions", "list"], "json", True),
        (["sessions", "-C", "/there", "show", "id"], "folder", "/there"),
    ],
)
def test_a_flag_counts_before_its_command(words: list[str], dest: str, value: object) -> None:
    assert vars(parse(words))[dest] == value


@pytest.mark.parametrize(
    "words",
    [
        ["--dry-run", "tests"],
        ["--dry-run", "resume"],
        ["--profile", "embedded", "serve", "plan", "r1"],
        ["-p", "Task", "fix"],
    ],
)
def test_a_flag_that_a_command_does_not_know_is_refused_before_it(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert f"{words[0] if words[0] != '-p' else '--prompt'} says nothing to `r1code " in capsys.readouterr().err


def test_the_folder_before_the_command_is_the_one_that_is_looked_at(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    (there / "Makefile").write_text("test:\n\ttrue\n")
    for folder in (here, there):
        subprocess.run(["git", "init", "-q", folder], check=True)
    command = [sys.executable, "-m", "r1code", "-C", str(there), "tests"]
    shown = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
    assert "make test" in shown.stdout
