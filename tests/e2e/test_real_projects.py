"""Real projects, as they are published: their image is built by itself, and their tests are counted right."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import Struct

from fakes.bench import Bench
from r1code.app.environments import Image
from r1code.app.images import Making, image_for
from r1code.config import Config
from r1code.control import Control
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.sandbox.base import Limits
from r1code.sandbox.docker import DockerSandbox
from r1code.sandbox.runners import run_tests
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree
from r1code.types import Counts, TestReport

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900), pytest.mark.usefixtures("engine")]


class Real:
    """A real project: where its source is, and how its tests are counted in the sandbox and outside of it."""

    def __init__(self, root: Path, state: Path, packages: tuple[str, ...]) -> None:
        self.root = root
        self._git = Git.find(root, state)
        self._state = state
        self._config = Config(yes=True, packages=packages)

    def in_sandbox(self, command: str) -> TestReport:
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
            return reported(sandbox, command)
        finally:
            sandbox.close()
            shell(f"docker rmi -f {image.name}", self.root)


def reported(sandbox: DockerSandbox, command: str) -> TestReport:
    running = run_tests(sandbox, command, Control())
    while True:
        try:
            next(running)
        except StopIteration as stopped:
            report: TestReport = stopped.value
            return report


def shell(command: str, folder: Path) -> str:
    ran = subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=800
    )
    return ran.stdout + ran.stderr


def pytest_counts(output: str) -> Counts:
    last = [line for line in output.splitlines() if re.search(r"\d+ passed", line)][-1]
    said = {what: int(number) for number, what in re.findall(r"(\d+) ([a-z]+)", last)}
    return Counts(
        passed=said["passed"] + said.get("xpassed", 0),
        failed=said.get("failed", 0) + said.get("error", 0) + said.get("errors", 0),
        skipped=said.get("skipped", 0) + said.get("xfailed", 0),
    )


def tap_counts(output: str) -> Counts:
    said = dict(re.findall(r"^# (tests|pass|fail|skip) +(\d+)", output, re.MULTILINE))
    return Counts(**{state: int(said.get(word, 0)) for state, word in TAP.items()})


TAP = {"passed": "pass", "failed": "fail", "skipped": "skip"}
GO_STATES = {"passed": "PASS", "failed": "FAIL", "skipped": "SKIP"}


def go_counts(output: str) -> Counts:
    states = re.findall(r"^\s*--- (PASS|FAIL|SKIP)", output, re.MULTILINE)
    return Counts(**{state: states.count(word) for state, word in GO_STATES.items()})


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


class Published(Struct, frozen=True, kw_only=True):
    """Its source, how its tests run in the sandbox and outside of it, and how what its runner says is read."""

    source: str
    inside: str
    outside: str
    said: Callable[[str], Counts]
    runner: str
    packages: tuple[str, ...] = ()


def python(outside: str, inside: str = PYTEST, packages: tuple[str, ...] = ()) -> Published:
    return Published(
        source="pip", inside=inside, outside=outside, said=pytest_counts, runner="pytest", packages=packages
    )


TAPE = Published(source="npm", inside="npx tape 'test/**/*.js'", outside=NODE, said=tap_counts, runner="tap")
PROJECTS = {
    # click opens a pager, which the base image lacks.
    "click": python(UV, packages=("less",)),
    "attrs": python(UV),
    "markupsafe": python(UV),
    "jinja2": python(PIP),
    "msgpack": python(MSGPACK, f"{PYTEST} test"),
    "minimist": TAPE,
    "deep-equal": TAPE,
    "golang-github-mitchellh-mapstructure-dev": Published(
        source="apt", inside=GO, outside=GO, said=go_counts, runner="go"
    ),
}
SCALED = {"minimist"}


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


@pytest.mark.parametrize(
    "name", [name if name in SCALED else pytest.param(name, marks=pytest.mark.full) for name in PROJECTS]
)
def test_a_real_project_is_counted_in_its_image_as_its_own_runner_does_outside(
    name: str, folders: tuple[Path, Path], online: None
) -> None:
    project = PROJECTS[name]
    root = fetched(name, project.source, folders[0])
    report = Real(root, folders[1], project.packages).in_sandbox(project.inside)
    assert report.structured
    assert report.runner == project.runner
    assert report.counts.passed, report
    assert report.counts == project.said(shell(project.outside, root))
