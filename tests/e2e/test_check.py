"""`fix --check`, and what calls it before a push: only tests, in a sandbox, and no model."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from e2e.conftest import PROJECT, Repo, commit, write

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]
ROOT = Path(__file__).parents[2]
RIGHT = {"shop/cart.py": PROJECT["shop/cart.py"].replace("+ discount", "- discount")}


@pytest.fixture
def keyless(repo: Repo) -> Repo:
    """Nobody is there to be asked for a model, and asking one would fail."""
    repo.env |= {"R1CODE_PROFILE": "vllm-r1", "R1CODE_BASE_URL": "http://127.0.0.1:9/v1"}
    return repo


def test_it_says_whether_the_tests_pass_and_changes_nothing(keyless: Repo) -> None:
    before = keyless.files()
    failed = keyless.run("fix", "--check")
    assert failed.code == 1, failed.err
    assert "tests/test_cart.py::test_discount" in failed.out
    # No task was given that could be clearer.
    assert "next: r1code fix lets a model repair what fails" in failed.out
    assert keyless.files() == before
    write(keyless.root, RIGHT)
    commit(keyless.root)
    passed = keyless.run("fix", "--check", "--json")
    assert passed.code == 0, passed.err
    kinds = [event["event"] for event in passed.events]
    assert "BaselineReached" in kinds
    assert not {"TurnStarted", "StepStarted", "PatchReady"} & set(kinds)
    assert passed.events[-1]["exit_code"] == 0
    assert keyless.run("fix", "--check", "--test", "no-such-runner").code == 4
    assert keyless.run("resume").code == 2
    assert keyless.containers() == []


def push(repo: Repo) -> subprocess.CompletedProcess[str]:
    env = {**repo.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        ["git", "push", "-q", "origin", "HEAD:main"],
        cwd=repo.root,
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


@pytest.mark.parametrize("how", ["script", "pre-commit"])
def test_what_fails_is_not_pushed(keyless: Repo, tmp_path: Path, how: str) -> None:
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", str(origin)], check=True)
    subprocess.run(["git", "remote", "add", "origin", str(origin)], cwd=keyless.root, check=True)
    if how == "script":
        shutil.copy2(ROOT / "examples/ci/pre-push", keyless.root / ".git/hooks/pre-push")
    else:
        (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
        # Of the hook all but where r1code is installed: the one of this test is on the path.
        settings = {"repos": [{"repo": "local", "hooks": [{**hook, "language": "unsupported"}]}]}
        write(keyless.root, {".pre-commit-config.yaml": yaml.safe_dump(settings)})
        commit(keyless.root)
        command = [Path(sys.executable).with_name("pre-commit"), "install", "--hook-type", "pre-push"]
        env = {**keyless.environ, "PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}
        subprocess.run(command, cwd=keyless.root, env=env, check=True, capture_output=True)
        keyless.env["PRE_COMMIT_HOME"] = str(tmp_path / "pre-commit")
    refused = push(keyless)
    assert refused.returncode != 0
    assert "tests/test_cart.py::test_discount" in refused.stdout + refused.stderr
    refs = ["git", "for-each-ref", "--format=%(refname)"]
    assert subprocess.run(refs, cwd=origin, capture_output=True, check=True).stdout == b""
    write(keyless.root, RIGHT)
    commit(keyless.root)
    went = push(keyless)
    assert went.returncode == 0, went.stdout + went.stderr
    assert subprocess.run(refs, cwd=origin, capture_output=True, check=True).stdout == b"refs/heads/main\n"
