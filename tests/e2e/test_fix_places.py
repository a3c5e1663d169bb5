"""`fix` in dirty, bare and other trees, and in a part of one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from e2e.conftest import FIX, PROJECT, Repo, commit, passes, write

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]
TEST = ["--test", "python3 -m pytest -q"]
FIX_PART = FIX.replace("shop/cart.py", "packages/shop/shop/cart.py")


def test_where_a_commit_is_wanted_a_dirty_tree_is_refused_unless_allowed(repo: Repo) -> None:
    (repo.root / "notes.txt").write_text("mine\n")
    for wanted in (["--require-clean"], []):
        ran = repo.run("fix", *TEST, *wanted, *repo.replies())
        assert ran.code == 2
        assert "notes.txt" in ran.err
        assert "--allow-dirty" in ran.err
        repo.env["CI"] = "true"
    ran = repo.run("fix", *TEST, "--allow-dirty", *repo.replies(FIX, "<done/>"))
    assert ran.code == 0, ran.out + ran.err


@pytest.mark.full
def test_a_report_that_lies_in_the_tree_does_not_make_it_dirty(repo: Repo) -> None:
    (repo.root / "report.xml").write_text("<testsuite/>")
    ran = repo.run("fix", *TEST, "--require-clean", "--from-junit", "report.xml", *repo.replies(FIX, "<done/>"))
    assert ran.code == 0, ran.out + ran.err


def bare_of(repo: Repo, tmp_path: Path) -> Path:
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(repo.root), str(bare)], check=True)
    return bare


def test_a_bare_clone_is_worked_on_in_a_worktree_of_the_commit(repo: Repo, tmp_path: Path) -> None:
    bare = bare_of(repo, tmp_path)
    refused = repo.run("fix", *TEST, "-C", str(bare), *repo.replies())
    assert refused.code == 2
    assert f"r1code fix --at HEAD -C {bare}" in refused.err
    for key, value in (("user.name", "T"), ("user.email", "t@example.org")):
        subprocess.run(["git", "config", key, value], cwd=bare, check=True)
    given = ["--at", "HEAD", "-C", str(bare), "--commit"]
    ran = repo.run("fix", *TEST, *given, *repo.replies(FIX, "<done/>"))
    assert ran.code == 0, ran.out + ran.err
    branches = subprocess.run(
        ["git", "branch", "--list", "r1code/*", "--format=%(refname:short)"],
        cwd=bare,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert len(branches) == 1
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "-b", branches[0], str(bare), str(clone)], check=True)
    assert passes(clone)


@pytest.mark.full
def test_a_worktree_in_which_nothing_came_of_it_goes_again(repo: Repo, tmp_path: Path) -> None:
    bare = bare_of(repo, tmp_path)
    ran = repo.run(
        "fix", *TEST, "--at", "HEAD", "-C", str(bare), *repo.replies("<done>no</done>", "<done>no</done>")
    )
    assert ran.code == 1, ran.out + ran.err
    listed = subprocess.run(["git", "worktree", "list"], cwd=bare, check=True, capture_output=True, text=True)
    assert len(listed.stdout.splitlines()) == 1
    unknown = repo.run("fix", *TEST, "--at", "nowhere", "-C", str(bare), *repo.replies())
    assert unknown.code == 2
    assert "there is no 'nowhere' here" in unknown.err


def part(repo: Repo) -> None:
    """The project as one of two packages; the other one's tests fail as well."""
    for path in PROJECT:
        (repo.root / path).unlink()
    write(repo.root, {f"packages/shop/{path}": text for path, text in PROJECT.items()})
    write(repo.root, {"packages/other/test_other.py": "def test_other():\n    assert False\n"})
    commit(repo.root)


@pytest.mark.parametrize("given", [TEST, pytest.param([], marks=pytest.mark.full)])
def test_the_tests_of_a_part_run_in_it(repo: Repo, given: list[str]) -> None:
    part(repo)
    ran = repo.run("fix", *given, "--path", "packages/shop", "--json", *repo.replies(FIX_PART, "<done/>"))
    assert ran.code == 0, ran.out + ran.err
    before = next(event for event in ran.events if event["event"] == "BaselineReached")
    assert before["command"] == "cd packages/shop && python3 -m pytest -q"
    assert before["report"]["failed"] == ["packages/shop/tests/test_cart.py::test_discount"]
    assert passes(repo.root / "packages/shop")


def test_the_settings_of_a_part_say_how_its_tests_run(repo: Repo) -> None:
    part(repo)
    settings = 'test = "python3 -m pytest -q -k discount"\n'
    write(repo.root, {"packages/shop/.r1code/config.toml": settings, ".r1code/config.toml": 'test = "false"\n'})
    commit(repo.root)
    ran = repo.run("fix", "--path", "packages/shop", "--json", *repo.replies(FIX_PART, "<done/>"))
    assert ran.code == 0, ran.out + ran.err
    before = next(event for event in ran.events if event["event"] == "BaselineReached")
    assert before["command"] == "cd packages/shop && python3 -m pytest -q -k discount"
    # Without a sandbox, nothing of it counts: trust is about the file of the root.
    host = ["--sandbox=none", "--allow-host-exec"]
    ran = repo.run("fix", "--path", "packages/shop", "--json", *host, *repo.replies())
    assert "-k discount" not in ran.out


@pytest.mark.full
def test_what_is_changed_outside_of_the_part_is_said(repo: Repo) -> None:
    part(repo)
    elsewhere = '<write path="packages/other/helper.py">\nX = 1\n</write>'
    ran = repo.run(
        "fix", *TEST, "--path", "packages/shop", "--json", *repo.replies(f"{FIX_PART}\n{elsewhere}", "<done/>")
    )
    assert ran.code == 0, ran.out + ran.err
    notices = [event["text"] for event in ran.events if event["event"] == "Notice"]
    assert "changed outside of packages/shop: packages/other/helper.py" in notices
