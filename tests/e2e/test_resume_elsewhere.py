"""A job was killed; its state folder, kept as an artefact, goes on in another job, in a clone."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from e2e.conftest import FIX, Repo, passes, write

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]
TEST = ["--test", "python3 -m pytest -q"]


def killed(repo: Repo) -> str:
    """The id of a session that ended with kill -9, after R1 had repaired the file in its copy."""
    replies = repo.replies(FIX, "<run>echo started; sleep 60</run>")
    command = [str(repo.script), "fix", *TEST, "--json", *replies]
    with subprocess.Popen(command, cwd=repo.root, env=repo.environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "started" in line and "CommandOutput" in line:
                break
        assert json.loads(line)
        process.kill()
    # The machine of that job is gone, and what ran on it.
    assert repo.run("sandbox", "prune").code == 0
    return next((repo.state / "sessions").iterdir()).name


def stopped(repo: Repo) -> str:
    """The id of one that came to a limit, in the same place."""
    assert repo.run("fix", *TEST, "--steps", "1", *repo.replies('<read path="shop/cart.py"/>')).code == 5
    return next((repo.state / "sessions").iterdir()).name


def moved(repo: Repo, root: Path) -> Repo:
    """The same in a new job: the state out of an archive, and a fresh clone in `root`."""
    archive, state = repo.state.with_name("state.tar"), repo.state.with_name("state of another job")
    with tarfile.open(archive, "w") as file:
        file.add(repo.state, ".")
    with tarfile.open(archive) as file:
        file.extractall(state, filter="tar")
    clone = repo.root.with_name("clone")
    subprocess.run(["git", "clone", "-q", str(repo.root), str(clone)], check=True)
    shutil.rmtree(repo.root)
    shutil.rmtree(repo.state)
    clone.rename(root)
    return replace(repo, root=root, state=state)


@pytest.mark.parametrize("where", [pytest.param("repo", marks=pytest.mark.full), "another path"])
@pytest.mark.parametrize(("end", "next_step"), [(killed, "<test/>"), (stopped, f"{FIX}\n<test/>")])
def test_a_repair_goes_on_in_another_job(
    repo: Repo, end: Callable[[Repo], str], next_step: str, where: str
) -> None:
    session = end(repo)
    assert not passes(repo.root)
    there = moved(repo, repo.root.with_name(where))
    replies = there.replies(next_step, "<done>ok</done>")[2:]
    named = [] if where == "repo" else [session, "-C", "."]
    ran = there.run("resume", *named, "--steps", "9", *replies)
    assert ran.code == 0, ran.out + ran.err
    assert "verdict: fixed" in ran.out
    assert passes(there.root)
    assert there.containers() == []


def test_where_the_files_are_not_the_same_it_does_not_go_on(repo: Repo) -> None:
    session = stopped(repo)
    there = moved(repo, repo.root.with_name("another path"))
    lost = there.run("resume", session)
    assert (lost.code, "is not here" in lost.err, f"r1code resume {session} -C ." in lost.err) == (2, True, True)
    write(there.root, {"shop/cart.py": "x = 1\n"})
    ran = there.run("resume", session, "-C", ".", *there.replies("<done>ok</done>")[2:])
    assert ran.code == 2
    assert "has other files than it began with: shop/cart.py" in ran.err


def test_what_worked_in_place_goes_on_only_there(repo: Repo, tmp_path: Path) -> None:
    assert repo.run("-p", "Go.", "--test", "off", "--steps", "1", *repo.replies(FIX)).code == 5
    session = next((repo.state / "sessions").iterdir()).name
    shutil.copytree(repo.root, tmp_path / "copy")
    ran = repo.run("resume", session, "-C", str(tmp_path / "copy"))
    assert ran.code == 2
    assert "it worked in place" in ran.err
