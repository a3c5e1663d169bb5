"""Killed at each of its system calls, a change has landed whole or not at all, and the log says which."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.one_patch import AFTER, BEFORE, open_tree
from fakes.trees import Spec, on_disk

PROGRAM = Path(__file__).parents[1] / "fakes" / "one_patch.py"
CALLS = ("write", "rename", "fsync", "unlink", "openat", "mkdir", "rmdir", "symlink", "fchmod")
SCALED = 3
"""Of each system call: so many of the moments at which it is made, evenly spread."""

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        shutil.which("strace") is None, reason="strace is not installed: NO KILL AT A SYSTEM CALL IS TESTED"
    ),
]


def prepared(folder: Path) -> Path:
    for path, text in BEFORE.items():
        (folder / "root" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "root" / path).write_text(text)
    return folder


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        "strace",
        "-f",
        "-qq",
        "-o",
        str(folder / "trace"),
        *options,
        sys.executable,
        str(PROGRAM),
        str(folder),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def moments(folder: Path) -> dict[str, range]:
    """Of each system call, which of its uses belong to the change itself, counted from 1."""
    done = run(prepared(folder), "-e", f"trace=access,faccessat,faccessat2,{','.join(CALLS)}")
    assert done.returncode == 0, done.stderr
    counts = dict.fromkeys(CALLS, 0)
    first: dict[str, int] = {}
    for line in (folder / "trace").read_text().splitlines():
        name = re.sub(r"^\d+ +", "", line).partition("(")[0]
        if "/begin" in line:
            first = {call: count + 1 for call, count in counts.items()}
        counts[name] = counts.get(name, 0) + 1
    return {call: range(first[call], counts[call] + 1) for call in CALLS}


def states(folder: Path) -> tuple[Spec, Spec]:
    before = {path: ("file", 0o644, text.encode()) for path, text in BEFORE.items()}
    after = {path: ("file", 0o755 if path == "d.sh" else 0o644, text.encode()) for path, text in AFTER.items()}
    return before, {**after, "link": ("link", 0o777, b"a.py")}


def test_a_change_that_is_killed_landed_whole_or_not_at_all(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before, after = states(tmp_path)
    found = moments(tmp_path / "whole")
    assert on_disk(tmp_path / "whole" / "root") == after
    assert all(len(found[call]) for call in ("write", "rename", "fsync", "unlink"))
    ends = {"before": 0, "after": 0}
    for call, uses in found.items():
        step = 1 if request.config.getoption("--full") else max(1, len(uses) // SCALED)
        for use in uses[::step]:
            folder = prepared(tmp_path / f"{call}-{use}")
            killed = run(folder, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={use}")
            assert killed.returncode == -signal.SIGKILL, f"{call} {use}"
            tree = open_tree(folder)
            tree.recover()
            there, landed = on_disk(folder / "root"), tree.timeline.at == 1
            assert there == (after if landed else before), f"{call} {use}"
            ends["after" if landed else "before"] += 1
            # What was interrupted leaves nothing behind, and all that landed can be undone.
            assert not list((folder / "root").rglob(".r1code-*"))
            if landed:
                tree.go(0)
                assert on_disk(folder / "root") == before
            shutil.rmtree(folder)
    assert min(ends.values()) > 0
