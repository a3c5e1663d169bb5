from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import docker
import msgspec
import pexpect
import pytest

from fakes.engine import bubblewrap, engine

__all__ = ["bubblewrap", "engine"]

SCRIPT = Path(sys.executable).with_name("r1code")
PROJECT = {
    "shop/__init__.py": "",
    "shop/cart.py": "def total(prices, discount=0):\n    return sum(prices) + discount\n",
    "shop/names.py": "# -*- coding: utf-8 -*-\nNAME = 'Ladén'\r\n",
    "tests/test_cart.py": (
        "from shop.cart import total\n\n\ndef test_sum():\n    assert total([1, 2]) == 3\n\n\n"
        "def test_discount():\n    assert total([10], discount=3) == 7\n"
    ),
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
}
FIX = (
    '<edit path="shop/cart.py">\n<<<<<<< SEARCH\n    return sum(prices) + discount\n=======\n'
    "    return sum(prices) - discount\n>>>>>>> REPLACE\n</edit>"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        # Whole processes, one after another: a machine that is busy with others like it takes its time.
        if item.path.is_relative_to(Path(__file__).parent) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(300))


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, newline="")


def commit(root: Path) -> None:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "first", "--allow-empty"]):
        subprocess.run(["git", *arguments], cwd=root, check=True)


def passes(root: Path) -> bool:
    """Runs the tests of `root`, outside of r1code."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    done = subprocess.run(
        command, cwd=root, env={**env, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, check=False
    )
    return done.returncode == 0


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, object]]:
        return [msgspec.json.decode(line) for line in self.out.splitlines()]


@dataclass
class Repo:
    root: Path
    state: Path
    script: Path = SCRIPT
    env: dict[str, str] = field(default_factory=dict)

    def replies(self, *replies: str, **more: object) -> list[str]:
        """Flags that make the scripted model say these."""
        path = self.state / "replies.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        tables = [{"text": text, "reasoning": "Let me think.", **more} for text in replies]
        # A JSON value is a TOML value.
        path.write_text(
            "".join(
                "[[reply]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
                for table in tables
            )
        )
        return ["--profile", "scripted", "--replies", str(path)]

    @property
    def environ(self) -> dict[str, str]:
        # A tree that a test made dirty is one of a person, also where CI runs the test.
        ours = {key: value for key, value in os.environ.items() if key != "CI"}
        return {**ours, "R1CODE_STATE_DIR": str(self.state), **self.env}

    def run(self, *arguments: str, timeout: float = 240) -> Ran:
        done = subprocess.run(
            [str(self.script), *arguments],
            cwd=self.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def terminal(self, *arguments: str, columns: int = 100) -> pexpect.spawn:
        return pexpect.spawn(
            str(self.script),
            list(arguments),
            cwd=str(self.root),
            env={**self.environ, "TERM": "xterm-256color"},
            encoding="utf-8",
            dimensions=(40, columns),
            timeout=120,
        )

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(self.root).parts
        }

    def containers(self) -> list[str]:
        """The containers of this state folder, running or not."""
        owners = {path.name for path in (self.state / "sessions").glob("*")}
        client = docker.from_env()
        try:
            found = client.api.containers(all=True, filters={"label": "r1code=1"})
        finally:
            client.close()
        return [one["Id"] for one in found if one["Labels"]["r1code.owner"] in owners]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    root = tmp_path / "repo"
    write(root, PROJECT)
    commit(root)
    return Repo(root=root, state=tmp_path / "state")


@pytest.fixture(scope="session")
def wheel_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """r1code from its wheel, in an environment of its own."""
    root = Path(__file__).parents[2]
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(
        root, source, ignore=shutil.ignore_patterns(".*", "*.egg-info", "build", "dist", "__pycache__")
    )
    _check([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(source)])
    _check([sys.executable, "-m", "venv", str(folder / "venv")])
    wheel = next(folder.glob("*.whl"))
    install = [str(folder / "venv/bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    _check([*install, str(wheel), "-c", str(root / "constraints.txt")])
    return folder / "venv/bin/r1code"


def _check(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


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
