"""A project that needs packages gets an image with them, and its tests run in that without a network."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator

import docker
import pytest

from e2e.conftest import Repo, commit, write

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900), pytest.mark.usefixtures("engine")]
NEEDY = {
    "pyproject.toml": (
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n\n'
        '[project]\nname = "needy"\nversion = "1.5"\ndependencies = ["iniconfig"]\n'
    ),
    "src/needy.py": "from iniconfig import IniConfig\n\n\ndef total(prices):\n    return sum(prices) + 1\n",
    "tests/test_needy.py": (
        "from importlib.metadata import version\n\nfrom needy import total\n\n\n"
        "def test_total():\n    assert total([1, 2]) == 3\n\n\n"
        "def test_version():\n    assert version('needy') == '1.5'\n"
    ),
    ".gitignore": "*.egg-info/\n__pycache__/\n.pytest_cache/\n",
}
EDIT = (
    '<edit path="src/needy.py">\n<<<<<<< SEARCH\n    return sum(prices) + 1\n=======\n'
    "    return sum(prices)\n>>>>>>> REPLACE\n</edit>"
)
TEST = ["--test", "python3 -m pytest -q"]


@pytest.fixture
def needy(repo: Repo) -> Iterator[Repo]:
    for path in [path for path in repo.files() if not path.startswith(".git/")]:
        (repo.root / path).unlink()
    # A requirement that no earlier run had: images are found again by what they were built for.
    fresh = NEEDY["pyproject.toml"].replace("iniconfig", f"iniconfig>=0.{secrets.randbelow(10**9)}")
    write(repo.root, {**NEEDY, "pyproject.toml": fresh})
    commit(repo.root)
    yield repo
    client = docker.from_env()
    # Its own: other tests make some meanwhile, on the same engine.
    for used in repo.state.glob("environments/*"):
        for image in client.api.images(f"r1code-env:{used.name}"):
            client.api.remove_image(image["Id"], force=True)
    client.close()


def test_without_consent_nothing_is_built_and_the_way_out_is_named(needy: Repo) -> None:
    ran = needy.run("fix", *TEST, *needy.replies("<done>x</done>"))
    assert "may lack packages" in ran.out + ran.err
    assert "r1code sandbox build" in ran.out + ran.err
    assert "building the project's environment" not in ran.out + ran.err


def test_a_project_with_a_dependency_is_repaired_in_an_image_that_has_it(needy: Repo, online: None) -> None:
    ran = needy.run("fix", "--yes", *TEST, *needy.replies(f"{EDIT}\n<test/>", "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    assert "pip install" in ran.out + ran.err
    assert (needy.root / "src/needy.py").read_text().endswith("return sum(prices)\n")
    assert subprocess.run(
        ["git", "status", "--porcelain"], cwd=needy.root, check=True, capture_output=True, text=True
    ).stdout.split() == ["M", "src/needy.py"]
    again = needy.run("fix", *TEST, *needy.replies("<done>x</done>"))
    assert again.code == 3, again.out + again.err
    assert "pip install" not in again.out + again.err
    assert needy.containers() == []
