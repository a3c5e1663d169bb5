"""What is allowed, run by a real bash: it starts nothing but what the rules name, and opens no file."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from rules.harmless import HARMLESS
from rules.lines import HOSTILE
from rules.test_bypasses import POLICY, decision

NAMED = {"git", "ls", "cat", "find", "grep", "pytest", "npm", "python", "python3", "timeout", "nice"}
OTHERS = {"rm", "sh", "bash", "id", "curl", "tee", "xargs", "env", "sudo", "head", "sed", "awk", "touch", "nohup"}
PIECES = [
    *";|&\n \t\"'\\$`(){}<>#!~*?[]=\r.%^@-",
    "&&",
    "||",
    ">>",
    "2>&1",
    "id",
    "$(id)",
    "`id`",
    "<(id)",
    "\\\n",
    "a=1",
    "-exec",
    "id;",
    ">x",
    "<x",
    "<<E\n",
    "E\n",
    "if",
    "then",
    "fi",
    "function",
    "eval",
    "{id,}",
    "|id",
    "&id",
    "--",
    "\\;",
    '""',
    "''",
    "$'\\n'",
]


def damaged(chance: random.Random) -> str:
    """A line with something put in or taken out at some places."""
    line = chance.choice(HARMLESS + HOSTILE[:200])
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(line))
        kind = chance.random()
        if kind < 0.6:
            line = line[:at] + chance.choice(PIECES) + line[at:]
        elif kind < 0.8:
            line = line[:at] + line[at + 1 :]
        else:
            line = line[:at] + chance.choice(HARMLESS) + line[at:]
    return line


@pytest.mark.parametrize(
    "count", [8_000, pytest.param(200_000, marks=[pytest.mark.full, pytest.mark.timeout(600)])]
)
def test_bash_starts_only_what_rules_name(tmp_path: Path, count: int) -> None:
    chance = random.Random(count)
    lines = {line for line in (damaged(chance) for _ in range(count)) if "\0" not in line}
    allowed = [line for line in sorted(lines) if decision(line, POLICY) == "allow"]
    assert len(allowed) > count / 100
    programs, work, log = tmp_path / "bin", tmp_path / "work", tmp_path / "log"
    programs.mkdir()
    work.mkdir()
    for name in NAMED | OTHERS:
        (programs / name).write_text(f"#!/bin/sh\necho {name} >> {log}\n")
        (programs / name).chmod(0o755)
    for line in allowed:
        log.write_text("")
        subprocess.run(
            ["/bin/bash", "-c", line],
            cwd=work,
            env={"PATH": str(programs), "HOME": "/nowhere"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
        )
        assert set(log.read_text().split()) <= NAMED, line
        assert list(work.iterdir()) == [], line
