from __future__ import annotations

from pathlib import Path

import pytest

from fakes.desk import Desk
from fakes.repository import Repository


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    repository = Repository(tmp_path / "repository")
    repository.commit("tracked", "other", "deep/tracked")
    return Desk(repository, tmp_path / "state")
