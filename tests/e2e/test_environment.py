"""A project that needs packages gets an image with them, and its tests run in that without a network."""

from __future__ import annotations

import functools
import os
import re
import secrets
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from e2e.conftest import Repo, commit, write
from fakes.bench import Bench
from r1code.app.environments import Image
from r1code.app.images import Making, image_for
from r1code.config import Config
from r1code.control import Control
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.sandbox.base import Limits
from r1code.sandbox.docker import DockerSandbox
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree

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


@functools.cache
def is_online() -> bool:
    asked = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", "/dev/null/x", "iniconfig"]
    ran = subprocess.run([*asked], capture_output=True, text=True, check=False)
    return "No matching distribution" not in ran.stderr and "Retrying" not in ran.stderr


@pytest.fixture
def online() -> None:
    if not is_online():
        if os.environ.get("CI") == "true":
            pytest.fail("CI builds an environment of real packages, and no package index answers")
        pytest.skip("NO PACKAGE INDEX ANSWERS: building environments of real packages is not tested")


@pytest.fixture
def needy(repo: Repo) -> Iterator[Repo]:
    for path in [path for path in repo.files() if not path.startswith(".git/")]:
        (repo.root / path).unlink()
    # A requirement that no earlier run had: images are found again by what they were built for.
    fresh = NEEDY["pyproject.toml"].replace("iniconfig", f"iniconfig>=0.{secrets.randbelow(10**9)}")
    write(repo.root, {**NEEDY, "pyproject.toml": fresh})
    commit(repo.root)
    client = docker.from_env()
    before = {one["Id"] for one in client.api.images("r1code-env")}
    yield repo
    for one in client.api.images("r1code-env"):
        if one["Id"] not in before:
            client.api.remove_image(one["Id"], force=True)
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


class Real:
    """A real project: where its source is, and how its tests are counted in the sandbox and outside of it."""

    def __init__(self, root: Path, state: Path, packages: tuple[str, ...]) -> None:
        self.root = root
        self._git = Git.find(root, state)
        self._state = state
        self._config = Config(yes=True, packages=packages)

    def in_sandbox(self, command: str) -> str:
        making = Making(state=self._state, say=print, control=Control())
        image = image_for(self._git, self._config, lambda _: True, making)
        assert image != Image()
        store = Store(self._state / "objects")
        listing = Listing(self._git.files, self._git.ignored)
        tree = WorkTree(self.root, listing, store, state=self._state, hidden=is_secret)
        limits = Limits(seconds=600)
        sandbox = DockerSandbox(
            image=image.name, store=store, owner="x", limits=limits, say=print, preparation=image.preparation
        )
        bench = Bench(sandbox, store, [])
        try:
            sandbox.sync(tree.snapshot(), Control())
            offline = "python3 -c \"import socket; socket.create_connection(('1.1.1.1', 53), 2)\""
            assert not bench.run(offline).succeeded
            return bench.run(command).output
        finally:
            sandbox.close()


def shell(command: str, folder: Path) -> str:
    ran = subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=800
    )
    return ran.stdout + ran.stderr


def pytest_counts(output: str) -> dict[str, int]:
    last = [line for line in output.splitlines() if re.search(r"\d+ passed", line)][-1]
    return {
        what: int(number) for number, what in re.findall(r"(\d+) (passed|failed|skipped|xfailed|error)", last)
    }


def tap_counts(output: str) -> dict[str, int]:
    return {
        what: int(number) for what, number in re.findall(r"^# (tests|pass|fail) +(\d+)", output, re.MULTILINE)
    }


def go_counts(output: str) -> dict[str, int]:
    states = re.findall(r"^\s*--- (PASS|FAIL|SKIP)", output, re.MULTILINE)
    return {state: states.count(state) for state in set(states)}


UV = (
    "python3.11 -m venv .tool && .tool/bin/pip install -q uv && "
    ".tool/bin/uv sync -q --frozen --python python3.11 --group tests && "
    ".venv/bin/python -m pytest -q -p no:cacheprovider"
)
PIP = (
    "python3.11 -m venv .venv && .venv/bin/pip install -q -r requirements/tests.txt -e . && "
    ".venv/bin/python -m pytest -q -p no:cacheprovider"
)
MSGPACK = "python3.11 -m venv .venv && .venv/bin/pip install -q -e . pytest && .venv/bin/python -m pytest -q test"
PYTEST = "python3 -m pytest -q -p no:cacheprovider"
NODE = "npm install --ignore-scripts --no-audit --no-fund >/dev/null 2>&1; npx tape 'test/**/*.js'"
GO = "go test -v ./..."
PROJECTS = {
    # click opens a pager, which the base image lacks: packages = ["less"].
    "click": ("pip", PYTEST, UV, pytest_counts, ("less",)),
    "attrs": ("pip", PYTEST, UV, pytest_counts, ()),
    "markupsafe": ("pip", PYTEST, UV, pytest_counts, ()),
    "jinja2": ("pip", PYTEST, PIP, pytest_counts, ()),
    "msgpack": ("pip", f"{PYTEST} test", MSGPACK, pytest_counts, ()),
    "minimist": ("npm", "npx tape 'test/**/*.js'", NODE, tap_counts, ()),
    "deep-equal": ("npm", "npx tape 'test/**/*.js'", NODE, tap_counts, ()),
    "golang-github-mitchellh-mapstructure-dev": ("apt", GO, GO, go_counts, ()),
}


def fetched(name: str, kind: str, folder: Path) -> Path:
    """The source distribution of a project, unpacked."""
    commands = {
        "pip": f"{sys.executable} -m pip download -q --no-deps --no-binary :all: --no-build-isolation "
        f"-d . {name} || {sys.executable} -m pip download --no-deps --no-binary {name} -d . {name}",
        "npm": f"npm pack {name}",
        "apt": f"apt-get download {name} && dpkg -x *.deb x && rm *.deb && mv x/usr/share/gocode/src/*/*/* y",
    }
    said = shell(commands[kind], folder)
    if kind == "apt":
        return folder / "y"
    archives = [path for path in folder.iterdir() if path.name.endswith((".tar.gz", ".tgz"))]
    assert len(archives) == 1, said
    with tarfile.open(archives[0]) as tar:
        tar.extractall(folder / "x", filter="data")
    (root,) = (folder / "x").iterdir()
    return root


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("source", "state"):
        (tmp_path / name).mkdir()
    return tmp_path / "source", tmp_path / "state"


@pytest.mark.full
@pytest.mark.parametrize("name", PROJECTS)
def test_a_real_project_counts_the_same_in_its_image_as_outside(
    name: str, folders: tuple[Path, Path], online: None
) -> None:
    kind, inside, outside, counts, packages = PROJECTS[name]
    root = fetched(name, kind, folders[0])
    ours = counts(Real(root, folders[1], packages).in_sandbox(inside))
    theirs = counts(shell(outside, root))
    assert ours
    assert ours == theirs
