"""The composite action with r1code itself and a script of replies: from failing tests to a pull request."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from e2e.conftest import FIX, SCRIPT, Repo, commit, passes, repo
from fakes.engine import engine
from fakes.runner import Runner

__all__ = ["engine", "repo"]
pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]
ROOT = Path(__file__).parents[2]
EVIL = "::add-mask::evil"


@pytest.fixture
def runner(repo: Repo, tmp_path: Path) -> Runner:
    cart = repo.root / "tests/test_cart.py"
    cart.write_text(f"{cart.read_text()}\n\ndef test_loud():\n    print('\\n{EVIL}')\n")
    commit(repo.root)
    runner = Runner(tmp_path / "runner", repo.root)
    runner.installed("").unlink()
    (runner.temp / "r1code/venv/bin/r1code").symlink_to(SCRIPT)
    return runner


def test_a_failing_test_becomes_a_pull_request(runner: Runner, repo: Repo, tmp_path: Path) -> None:
    given = repo.replies(f"{FIX}\n<run>echo; echo '{EVIL}'</run>", "<done>ok</done>")
    done = runner.run(
        ROOT / "action.yml",
        test="python3 -m pytest -q -s",
        profile="scripted",
        replies=given[-1],
        pull_request="patch",
        reports="markdown junit json sarif html",
    )
    assert done.code == 0, done.log
    assert (done.outputs["outcome"], done.outputs["exit-code"]) == ("fixed", "0")
    assert "fixed" in done.summary
    names = {
        "summary.md",
        "junit.xml",
        "report.json",
        "report.sarif",
        "session.html",
        "fix.mbox",
        "pull-request.md",
    }
    assert {path.name for path in Path(done.outputs["reports"]).iterdir()} == names
    assert (Path(done.outputs["state"]) / "sessions" / done.outputs["session"] / "log.jsonl").is_file()
    _obeys_nothing(done.log)
    # The other job: a fresh checkout of the same commit.
    clone, origin = tmp_path / "clone", tmp_path / "server/me/shop"
    for source, target, more in ((repo.root, clone, []), (clone, origin, ["--bare"])):
        subprocess.run(["git", "clone", "-q", *more, str(source), str(target)], check=True)
    other = Runner(tmp_path / "other", clone)
    other.stub("gh", "#!/bin/sh\necho https://example.org/pull/1\n")
    other.env = {
        "GITHUB_SERVER_URL": f"file://{tmp_path}/server",
        "GITHUB_REPOSITORY": "me/shop",
        "GH_TOKEN": "not-a-token",
    }
    subprocess.run(["git", "checkout", "-q", done.outputs["base"]], cwd=clone, check=True)
    reports = Path(done.outputs["reports"])
    opened = other.run(
        ROOT / ".ci/pull-request/action.yml",
        patch=str(reports / "fix.mbox"),
        body=str(reports / "pull-request.md"),
        base="main",
    )
    assert opened.code == 0, opened.log
    assert passes(clone)
    pushed = subprocess.run(
        ["git", "diff", "--name-only", done.outputs["base"], opened.outputs["branch"]],
        cwd=origin,
        capture_output=True,
        check=True,
    )
    assert pushed.stdout == b"shop/cart.py\n"


def _obeys_nothing(log: str) -> None:
    """Between what stops the runner's commands and what lets them go on is all that others wrote."""
    before, _, rest = log.partition("::stop-commands::")
    token = rest.partition("\n")[0]
    quiet, _, after = rest.partition(f"\n::{token}::")
    assert EVIL in quiet
    assert not [line for text in (before, after) for line in text.splitlines() if line.strip().startswith(EVIL)]


def test_what_is_not_fixed_fails_the_step_and_says_so(runner: Runner, repo: Repo) -> None:
    given = repo.replies("<done>All tests pass.</done>", "<done>Really.</done>")
    done = runner.run(
        ROOT / "action.yml",
        test="python3 -m pytest -q",
        profile="scripted",
        replies=given[-1],
        pull_request="patch",
    )
    assert (done.code, done.outputs["outcome"], done.outputs["mbox"]) == (1, "not_fixed", "")
    assert "::error" in done.log
    assert done.summary


def test_a_stopped_run_goes_on_when_the_job_is_started_again(runner: Runner, repo: Repo, tmp_path: Path) -> None:
    state = str(tmp_path / "kept")
    told = {"test": "python3 -m pytest -q", "profile": "scripted", "state": state, "resume": "true"}
    first = runner.run(
        ROOT / "action.yml", replies=repo.replies('<read path="shop/cart.py"/>')[-1], steps="1", **told
    )
    assert (first.code, first.outputs["exit-code"]) == (5, "5"), first.log
    second = runner.run(
        ROOT / "action.yml", replies=repo.replies(f"{FIX}\n<test/>", "<done>ok</done>")[-1], steps="9", **told
    )
    assert second.code == 0, second.log
    assert second.outputs["session"] == first.outputs["session"]
    assert passes(repo.root)
