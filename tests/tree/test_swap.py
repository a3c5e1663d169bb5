"""A process that is killed at any of its steps leaves a folder whole, or none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from r1code.tree.swap import restored, swapped

KILLED = 9
RUN = f"""
import os, sys
from pathlib import Path
from r1code.tree.swap import discarded, swapped
left = [int(sys.argv[2])]
def hook(event, _):
    if event in ("os.remove", "os.rmdir", "os.rename"):
        left[0] -= 1
        if left[0] < 0:
            os._exit({KILLED})
sys.addaudithook(hook)
root = Path("root")
swapped(Path("fresh"), root) if sys.argv[1] == "swapped" else discarded(root)
"""
FILES = {"a.txt", "b/c.txt", "b/d.txt", "e.txt"}


def whole(root: Path, said: str) -> None:
    for name in FILES:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(said)


def held(root: Path) -> set[tuple[str, str]]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {(str(path.relative_to(root)), path.read_text()) for path in files}


def steps(folder: Path, what: str, number: int) -> int:
    words = [sys.executable, "-P", "-c", RUN, what, str(number)]
    return subprocess.run(words, cwd=folder, check=False).returncode


@pytest.mark.parametrize("what", ["swapped", "discarded"])
def test_a_kill_leaves_the_one_or_the_other_and_the_next_swap_nothing_else(tmp_path: Path, what: str) -> None:
    old, new = ({(name, said) for name in FILES} for said in ("old", "new"))
    codes = []
    while 0 not in codes:
        folder = tmp_path / str(len(codes))
        root, fresh = folder / "root", folder / "fresh"
        whole(root, "old")
        whole(fresh, "new")
        codes.append(steps(folder, what, len(codes)))
        restored(root)
        after = [old, new] if what == "swapped" else [old]
        assert held(root) in after if root.exists() else what == "discarded"
        whole(fresh, "next")
        swapped(fresh, root)
        assert held(root) == {(name, "next") for name in FILES}
        assert {path.name for path in folder.iterdir()} == {"root"}
    assert set(codes) == {0, KILLED}
    assert len(codes) > 5
