"""A project that needs no image of its own gets none, also where somebody asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.repository import Repository
from r1code.app.images import Making, build
from r1code.config import Config
from r1code.control import Control
from r1code.errors import SandboxError
from r1code.repo.git import Git


def test_where_nothing_is_needed_nothing_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # No engine is there: whoever builds fails.
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    repository = Repository(tmp_path / "repository")
    repository.write("notes.txt")
    git, said = Git.find(repository.root, tmp_path / "state"), list[str]()
    making = Making(state=tmp_path / "state", say=said.append, control=Control())
    assert build(git, Config(), making, no_cache=False) is None
    assert [line.partition(":")[0] for line in said] == ["nothing is built"]
    # Who names packages needs an image for them, and so does a project with a manifest.
    with pytest.raises(SandboxError):
        build(git, Config(packages=("jq",)), making, no_cache=False)
    repository.write("requirements.txt", "six\n")
    with pytest.raises(SandboxError):
        build(git, Config(), making, no_cache=False)
