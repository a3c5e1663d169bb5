"""`r1code completion`: the scripts, in the shells that are on this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from r1code.cli.main import _HANDLERS


def script(shell: str) -> str:
    made = [sys.executable, "-P", "-m", "r1code", "completion", shell]
    return subprocess.run(made, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["sess"], ["sessions"]),
        (["sessions", "re"], ["rename"]),
        (["fix", "--dry"], ["--dry-run"]),
        (["fix", "--sandbox", "bub"], ["bubblewrap"]),
        (["completion", "z"], ["zsh"]),
    ],
)
def test_bash_completes_commands_flags_and_choices(words: list[str], found: list[str]):
    typed = f"COMP_WORDS=(r1code {' '.join(words)}); COMP_CWORD={len(words)}"
    tried = f"{typed}; _shtab_r1code; echo ${{COMPREPLY[@]}}"
    ran = subprocess.run(["bash", "-c", f"{script('bash')}\n{tried}"], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == found, ran.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_is_in_a_script_that_its_shell_reads(shell: str):
    text = script(shell)
    assert all(name in text for name in _HANDLERS if name != "-p")
    if (program := shutil.which(shell)) is not None:
        checked = subprocess.run([program, "-n"], input=text, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")
