"""bubblewrap differs between root and others. Where the tests run as root, the same ones run again as nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("bubblewrap"), pytest.mark.timeout(300)]
NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# What starts r1code itself is left out: its interpreter may lie in root's home.
WHICH = {
    "test_escape.py": "bubblewrap",
    "test_bubblewrap.py": "not r1code_is_killed",
    "test_sync.py": "bubblewrap and (odd or special)",
    "test_limits.py": "bubblewrap and (room or longer or printed or counted or no_limit or bomb)",
}


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="r1code-nobody-", dir="/var/tmp"))
    os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests ran without root already")
@pytest.mark.parametrize("file", WHICH)
def test_the_same_holds_for_a_user_without_rights(home: Path, file: str):
    env = {"HOME": str(home), "TMPDIR": str(home), "PATH": os.environ["PATH"], "CI": os.environ.get("CI", "")}
    ran = subprocess.run(
        [
            *AS_NOBODY, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
            "--rootdir", ROOT, "-c", ROOT / "pyproject.toml", HERE / file, "-k", WHICH[file],
        ],
        cwd=home, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout
    assert "skipped" not in ran.stdout
