"""Where no container engine runs: bubblewrap by request, and by itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import files
from pathlib import Path

import pytest

from e2e.conftest import FIX, Repo, commit, passes, write

pytestmark = [
    pytest.mark.docker,
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("bubblewrap"),
]
NOWHERE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
UNITTEST = """import unittest
from shop.cart import total

class Test(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(total([1, 2]), 3)
    def test_discount(self):
        self.assertEqual(total([10], discount=3), 7)
"""


@pytest.fixture
def installed(repo: Repo) -> Iterator[Repo]:
    """The project with pytest in a `.venv` of its own, where the sandbox's user can read it."""
    folder = Path(tempfile.mkdtemp(prefix="r1code-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    root = folder / "shop"
    shutil.copytree(repo.root, root, symlinks=True)
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", root / ".venv"], check=True)
    (site,) = (root / ".venv").glob("lib/python*/site-packages")
    for package in ("pytest", "pluggy", "iniconfig", "packaging", "pygments"):
        for file in files(package) or ():
            if ".." not in file.parts and (source := Path(str(file.locate()))).is_file():
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, site / file)
    script = root / ".venv/bin/pytest"
    script.write_text(f"#!{root}/.venv/bin/python\nimport sys, pytest\nsys.exit(pytest.main())\n")
    script.chmod(0o755)
    write(root, {".gitignore": ".venv/\n__pycache__/\n"})
    commit(root)
    yield Repo(root, repo.state, env=dict(repo.env))
    shutil.rmtree(folder)


def test_a_fix_is_proven_in_bubblewrap_with_what_the_project_has_installed(installed: Repo) -> None:
    before = {path: data for path, data in installed.files().items() if not path.startswith(".venv")}
    replies = installed.replies('<read path="shop/cart.py"/>', f"{FIX}\n<test/>", "<done>ok</done>")
    ran = installed.run("fix", "--test", "pytest -q", "--sandbox", "bubblewrap", *replies)
    assert ran.code == 0, ran.out + ran.err
    assert "clean re-run in bubblewrap (" in ran.out
    after = {path: data for path, data in installed.files().items() if not path.startswith(".venv")}
    assert {path for path in after if after[path] != before.get(path)} == {"shop/cart.py"}
    assert before.keys() == after.keys()
    assert passes(installed.root)


def test_without_an_engine_bubblewrap_is_used_and_said(repo: Repo) -> None:
    write(repo.root, {"tests/test_cart.py": UNITTEST, "tests/__init__.py": ""})
    commit(repo.root)
    repo.env.update(NOWHERE)
    ran = repo.run("fix", "--test", "python3 -m unittest", "--json", *repo.replies(FIX, "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    notices = [str(event["text"]) for event in ran.events if event["event"] == "Notice"]
    assert any("no Docker engine" in text and "commands run in bubblewrap instead" in text for text in notices)
    (verdict,) = (event["verdict"] for event in ran.events if event["event"] == "VerdictReached")
    assert isinstance(verdict, dict)
    assert str(verdict["sandbox"]).startswith("bubblewrap (")
    assert "- discount" in (repo.root / "shop/cart.py").read_text()
    doctor = repo.run("sandbox", "doctor")
    assert doctor.code == 0
    assert "bubblewrap is used instead" in doctor.out
    assert "works: bubblewrap (" in doctor.out


@pytest.mark.parametrize("chosen", [["--sandbox", "docker"], ["--image", "debian"]])
def test_who_chose_docker_gets_no_other(repo: Repo, chosen: list[str]) -> None:
    repo.env.update(NOWHERE)
    ran = repo.run("-p", "Look.", *chosen, *repo.replies("<done>ok</done>"))
    assert ran.code == 7
    assert "--sandbox=bubblewrap" in ran.err


def test_where_nothing_works_everything_is_named(repo: Repo, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("git", "env"):
        (programs / name).symlink_to(shutil.which(name) or "")
    repo.env.update({**NOWHERE, "PATH": f"{programs}:{Path(sys.executable).parent}"})
    ran = repo.run("-p", "Look.", *repo.replies("<done>ok</done>"))
    assert ran.code == 7
    for word in (
        "nor does bubblewrap: not installed",
        "--sandbox=bubblewrap",
        "--sandbox=seatbelt",
        "--sandbox=none",
    ):
        assert word in ran.err, word
