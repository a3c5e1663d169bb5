"""What a sandbox without an image may read besides the system: nothing that a repository can choose."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from r1code.app.borrowed import borrowed
from r1code.repo.git import Git


@pytest.fixture
def home() -> Iterator[Path]:
    """Where interpreters and secrets lie; not below pytest's own folder, which only its user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="r1code-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    (folder / ".ssh").mkdir()
    (folder / ".local/share/uv/python/cpython-3.13/bin").mkdir(parents=True)
    (folder / ".local/share/uv/python/cpython-3.13/bin/python3.13").touch()
    (folder / ".nvm/versions/node/v22/bin").mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def git(home: Path, tmp_path: Path) -> Git:
    root = home / "project"
    (root / "node_modules").mkdir(parents=True)
    (root / ".venv/bin").mkdir(parents=True)
    (root / ".gitignore").write_text(".venv\nnode_modules/\nvenv\n")
    git = Git.find(root, tmp_path)
    git.run(["init", "-q"])
    return Git.find(root, tmp_path)


def test_ignored_environments_in_the_root_are_borrowed_with_their_interpreter(home: Path, git: Git):
    python = home / ".local/share/uv/python/cpython-3.13"
    (git.root / ".venv/bin/python").symlink_to(python / "bin/python3.13")
    found = borrowed(git, {"HOME": str(home), "PATH": ""})
    assert found.folders == (".venv", "node_modules")
    assert found.outside == (python,)


@pytest.mark.parametrize(
    "target", [".ssh/id", ".", "project", ".local/share/uv/python", ".local/share/uv/python/x"]
)
def test_a_repository_does_not_choose_what_is_read(home: Path, git: Git, target: str):
    (git.root / ".venv/bin/python").symlink_to(home / target)
    assert borrowed(git, {"HOME": str(home), "PATH": ""}).outside == ()


def test_links_and_what_belongs_to_the_tree_are_not_borrowed(home: Path, git: Git):
    (git.root / "venv").symlink_to(home / ".ssh")
    (git.root / ".gitignore").write_text("venv\nnode_modules/\n")
    assert borrowed(git, {"HOME": str(home), "PATH": ""}).folders == ("node_modules",)


def test_the_path_keeps_its_order_and_only_what_can_be_seen(home: Path, git: Git):
    node = home / ".nvm/versions/node/v22"
    path = f"{home}/bin:{node}/bin:.:/opt/x/bin:/usr/bin:{git.root}/bin:{home}/.ssh"
    found = borrowed(git, {"HOME": str(home), "PATH": path})
    assert found.path == (f"{node}/bin", "/opt/x/bin", "/usr/bin")
    assert found.outside == (node,)
