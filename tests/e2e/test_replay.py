from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from e2e.conftest import FIX, Repo, passes

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]
TEST = ["--test", "python3 -m pytest -q"]


def session_of(repo: Repo) -> Path:
    (folder,) = (repo.state / "sessions").iterdir()
    return folder


@pytest.fixture
def fixed(repo: Repo) -> Repo:
    replies = [
        '<read path="shop/cart.py"/>\n<run>date +%N; ls</run>',
        f"{FIX}\n<test/>",
        "<read/>",
        "<done>ok</done>",
    ]
    assert repo.run("fix", *TEST, *repo.replies(*replies)).code == 0
    return repo


def test_a_replay_reaches_the_same_end_without_the_model_and_leaves_the_tree_alone(repo: Repo) -> None:
    replies = ['<read path="shop/cart.py"/>', f"{FIX}\n<test/>", "<read/>", "<done>ok</done>"]
    assert repo.run("fix", *TEST, *repo.replies(*replies)).code == 0
    (repo.state / "replies.toml").unlink()
    (repo.root / "shop/cart.py").write_text("def total(prices):\n    return 'changed since'\n")
    before = repo.files()
    ran = repo.run("replay", session_of(repo).name)
    assert ran.code == 0, ran.out + ran.err
    assert "the same end" in ran.err
    assert "verdict: fixed" in ran.out
    assert repo.files() == before


def test_a_replay_names_the_first_step_that_differs(fixed: Repo) -> None:
    ran = fixed.run("replay", str(session_of(fixed)))
    assert ran.code == 1
    assert "different from step 1 on" in ran.err
    assert "recorded: Observed" in ran.err


def test_a_verdict_that_was_made_up_is_found_out(repo: Repo) -> None:
    assert repo.run("fix", *TEST, *repo.replies("<done>Fixed!</done>")).code == 1
    log = session_of(repo) / "log.jsonl"
    lines = log.read_text().splitlines()
    assert [json.loads(line)["item"]["kind"] for line in lines[-3:]] == ["Judged", "Concluded", "Exited"]
    judged = json.loads(lines[-3])
    judged["item"]["verdict"]["outcome"] = "fixed"
    log.write_text("\n".join([*lines[:-3], json.dumps(judged), *lines[-2:]]) + "\n")
    ran = repo.run("replay", str(log))
    assert ran.code == 1
    assert "not_fixed" in ran.err


def test_a_recorded_task_is_done_again_on_a_copy(repo: Repo) -> None:
    assert repo.run("-p", "Subtract.", *repo.replies(f"{FIX}\n<done>ok</done>")).code == 0
    assert passes(repo.root)
    before = repo.files()
    assert repo.run("replay", session_of(repo).name).code == 0
    assert repo.files() == before


def test_a_session_that_is_not_there(repo: Repo) -> None:
    ran = repo.run("replay", "nothing")
    assert ran.code == 2
    assert "there is no session" in ran.err


def test_a_log_whose_repository_is_gone(fixed: Repo, tmp_path: Path) -> None:
    folder = session_of(fixed)
    shutil.move(fixed.root, tmp_path / "moved")
    fixed.root = tmp_path / "moved"
    ran = fixed.run("replay", str(folder))
    assert ran.code == 2
    assert "is not a folder" in ran.err
