"""What is said before a command counts as what is said after it, or is refused."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from r1code.errors import UsageError
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
def test_a_flag_that_a_command_does_not_know_is_refused_before_it(words: list[str]) -> None:
    flag = words[0] if words[0] != "-p" else "--prompt"
    with pytest.raises(UsageError, match=f"{flag} says nothing to `r1code "):
        parse(words)


@pytest.mark.parametrize(
    ("words", "what", "why", "hint"),
    [
        ("fixx", "`r1code` does not take `fixx`", "what it takes: fix | verify |", "did you mean `fix`?"),
        ("serve plna", "`r1code serve` does not take `plna`", "plan | up | down", "did you mean `plan`?"),
        ("fix --tset=x", "`r1code fix` does not take `--tset`", "no such flag", "did you mean `--test`?"),
        ("fix --sandbox dokcer", "`--sandbox` does not take `dokcer`", "bubblewrap", "did you mean `docker`?"),
        ("plan a b", "`r1code plan` does not take `b`", "one more word", "`r1code plan --help`"),
        ("serve keys add a b", "`r1code serve keys add` does not take `b`", "one more word", "keys add --help`"),
        ("plan", "`r1code plan` cannot be done so", "required: TASK", "`r1code plan --help`"),
        ("-p", "`r1code` cannot be done so", "expected one argument", "`r1code --help`"),
        ("'mend the bug'", "`r1code` does not take", "what it takes", "r1code -p 'mend the bug'"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_was_likely_meant(
    words: str, what: str, why: str, hint: str
) -> None:
    with pytest.raises(UsageError) as refused:
        parse(shlex.split(words))
    error = refused.value
    assert (what in error.what, why in error.why, hint in error.hint) == (True, True, True), str(error)
    assert len(str(error).splitlines()) == 3


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
