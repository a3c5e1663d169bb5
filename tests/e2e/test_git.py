"""Commits, worktrees, diffs and trust of the installed command, judged by plain git."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from e2e.conftest import FIX, Ran, Repo, passes

HOST = ["--sandbox=none", "--allow-host-exec"]
TEST = ["--test", f"{sys.executable} -m pytest -q -p no:cacheprovider"]
WRITE = '<write path="new/file.py">\nX = 1\n</write>'


@pytest.fixture(autouse=True)
def somebody(repo: Repo) -> None:
    git(repo, "config", "user.name", "Ann")
    git(repo, "config", "user.email", "ann@example.org")


def git(repo: Repo, *arguments: str, root: Path | None = None) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=root or repo.root, check=True, capture_output=True, text=True
    ).stdout


def do(repo: Repo, *replies: str, flags: tuple[str, ...] = (), text: str = "Discount is taken off") -> Ran:
    return repo.run("-p", text, *HOST, *flags, *repo.replies(*replies, "<done>ok</done>"))


def test_a_turn_is_committed_by_hand_and_an_undo_says_that_the_commit_stays(repo: Repo) -> None:
    (repo.root / "shop/names.py").write_text("MINE = 1\n")
    assert do(repo, FIX).code == 0
    made = repo.run("commit")
    head = git(repo, "rev-parse", "HEAD").strip()
    assert (made.code, made.out) == (0, f"{head[:10]} Discount is taken off\n  shop/cart.py\n"), made.err
    assert git(repo, "show", "--format=", "--name-only") == "shop/cart.py\n"
    undone = repo.run("undo")
    assert f"the commit {head[:10]} stays; `git revert {head[:10]}` takes it back" in undone.err
    assert git(repo, "status", "--porcelain") == " M shop/cart.py\n M shop/names.py\n"
    assert git(repo, "rev-parse", "HEAD").strip() == head
    assert "stays" not in repo.run("redo").err
    git(repo, "reset", "-q", "--soft", "HEAD~1")
    assert "stays" not in repo.run("undo").err


def test_a_turn_commits_itself_where_that_was_asked_for(repo: Repo) -> None:
    (repo.root / "shop/names.py").write_text("MINE = 1\n")
    ran = do(repo, FIX, WRITE, flags=("--commit", "--json"))
    assert ran.code == 0, ran.err
    assert ran.events[-1]["event"] == "Finished"
    head = git(repo, "rev-parse", "HEAD").strip()
    said = [str(event.get("text")) for event in ran.events if event["event"] == "Notice"]
    assert f"committed as {head[:10]}: Discount is taken off" in said
    assert git(repo, "show", "--format=", "--name-only") == "new/file.py\nshop/cart.py\n"
    assert git(repo, "status", "--porcelain") == " M shop/names.py\n"
    assert f"the commit {head[:10]} stays" in repo.run("undo").err


@pytest.mark.parametrize("where", [pytest.param("environment", marks=pytest.mark.full), "user"])
def test_a_person_may_want_that_always_and_a_project_may_not(repo: Repo, where: str) -> None:
    if where == "environment":
        repo.env["R1CODE_COMMIT"] = "turn"
    else:
        file = Path.home() / ".config/r1code/config.toml"
        file.parent.mkdir(parents=True)
        file.write_text('commit = "turn"\nattribution = "none"\n')
    do(repo, FIX)
    assert git(repo, "rev-list", "--count", "HEAD") == "2\n"
    (repo.root / ".r1code").mkdir()
    (repo.root / ".r1code/config.toml").write_text('commit = "turn"\n')
    refused = do(repo, WRITE)
    assert (refused.code, "a project may not set it" in refused.err) == (2, True)


def test_what_was_there_before_is_committed_first(repo: Repo) -> None:
    (repo.root / "shop/cart.py").write_text((repo.root / "shop/cart.py").read_text() + "# mine\n")
    assert do(repo, FIX, flags=("--commit", "--commit-first")).code == 0
    assert git(repo, "log", "--format=%s", "-2").splitlines() == [
        "Discount is taken off",
        "Keep what was changed before r1code's work",
    ]
    assert "# mine" in git(repo, "show", "HEAD^")
    assert "# mine" not in git(repo, "show", "-U0", "HEAD")
    assert git(repo, "status", "--porcelain") == ""


def test_what_cannot_be_committed_is_known_before_the_work_begins(repo: Repo) -> None:
    git(repo, "config", "--unset", "user.name")
    ran = do(repo, FIX, flags=("--commit",))
    assert (ran.code, "does not know who you are" in ran.err) == (2, True)
    assert git(repo, "status", "--porcelain") == ""
    git(repo, "config", "user.name", "Ann")
    git(repo, "bisect", "start")
    assert "a bisect is under way" in do(repo, FIX, flags=("--commit",)).err
    subprocess.run(["rm", "-rf", ".git"], cwd=repo.root, check=True)
    assert "nothing to commit to" in do(repo, FIX, flags=("--commit",)).err


def test_a_general_wish_to_commit_keeps_nobody_from_working(repo: Repo) -> None:
    repo.env["R1CODE_COMMIT"] = "turn"
    git(repo, "bisect", "start")
    ran = do(repo, FIX)
    assert (ran.code, "nothing will be committed: a commit has to wait" in ran.out) == (0, True), ran.err
    assert git(repo, "status", "--porcelain") == " M shop/cart.py\n"


def test_only_a_proven_fix_is_committed(repo: Repo) -> None:
    wrong = FIX.replace("sum(prices) - discount", "sum(prices) * discount")
    first = repo.run("fix", *HOST, *TEST, "--commit", *repo.replies(wrong, "<done>ok</done>"))
    assert first.code == 1, first.out + first.err
    assert git(repo, "rev-list", "--count", "HEAD") == "1\n"
    ran = repo.run("fix", *HOST, *TEST, "--commit", *repo.replies(FIX, "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    assert git(repo, "log", "-1", "--format=%B").strip() == (
        "Fix the failing test test_discount\n\nCo-authored-by: r1code <r1code@localhost>"
    )
    assert git(repo, "show", "--format=", "--name-only") == "shop/cart.py\n"


def test_a_dry_run_commits_nothing(repo: Repo) -> None:
    (repo.root / "mine").write_text("mine\n")
    assert do(repo, FIX, flags=("--commit", "--commit-first", "--dry-run")).code == 0
    assert git(repo, "rev-list", "--count", "HEAD") == "1\n"
    assert git(repo, "status", "--porcelain") == "?? mine\n"


def test_a_worktree_keeps_the_work_apart_until_it_is_merged(repo: Repo) -> None:
    (repo.root / "mine").write_text("mine\n")
    before = repo.files()
    ran = repo.run("fix", *HOST, *TEST, "--worktree", "try", "--commit", *repo.replies(FIX, "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    assert repo.files() == before
    assert "uncommitted changes are not in it: mine" in ran.err
    assert "git merge r1code/try" in ran.out
    listed = repo.run("worktree", "list").out.split()
    assert listed[:5] == ["try", "1", "commit,", "0", "uncommitted"]
    assert passes(Path(listed[-1]))
    assert repo.run("undo", "-C", listed[-1]).code == 0
    refused = repo.run("worktree", "remove", "try")
    assert (refused.code, "not committed" in refused.err) == (2, True)
    assert repo.run("worktree", "remove", "try", "--force").code == 0
    git(repo, "merge", "-q", "r1code/try")
    assert passes(repo.root)


def test_a_worktree_in_which_nothing_could_begin_goes_again(repo: Repo) -> None:
    ran = repo.run("-p", "x", "--worktree", "--profile", "scripted", *HOST)
    assert ran.code == 2
    assert repo.run("worktree", "list").out == ""
    assert git(repo, "branch", "--list", "r1code/*") == ""


def test_a_diff_in_a_pipe_is_exact_and_in_a_terminal_harmless(repo: Repo, tmp_path: Path) -> None:
    git(repo, "clone", "-q", str(repo.root), str(tmp_path / "copy"))
    (repo.root / "new").write_bytes(b"\x1b[31mred\xff\r\n")
    piped = subprocess.run(
        [str(repo.script), "diff"], cwd=repo.root, env=repo.environ, capture_output=True, check=True
    )
    subprocess.run(["git", "apply"], cwd=tmp_path / "copy", input=piped.stdout, check=True)
    assert (tmp_path / "copy/new").read_bytes() == b"\x1b[31mred\xff\r\n"
    shown = repo.run("diff", "--color=always").out
    assert "␛[31mred" in shown
    assert "\x1b[32m+" in shown
    assert repo.run("diff", "--stat").out.splitlines()[-1] == " 1 file changed, 1 insertion(+)"


def test_hooks_run_only_after_the_folder_is_trusted(repo: Repo) -> None:
    hook = repo.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nprintf '\\033[31mchecked\\n'\n")
    hook.chmod(0o755)
    do(repo, FIX)
    assert "hooks were not run: pre-commit (this folder is not trusted" in repo.run("commit").err
    assert "pre-commit" in repo.run("trust").out
    assert repo.run("trust", "--show").out.startswith("trusted\n")
    do(repo, WRITE)
    made = repo.run("commit")
    assert made.code == 0
    assert "note: running the pre-commit hook\n  ␛[31mchecked\n" in made.err
    hook.write_text("#!/bin/sh\nexit 1\n")
    assert (
        "not trusted: changed since the folder was trusted: hooks/pre-commit" in repo.run("trust", "--show").out
    )
    repo.run("trust")
    (repo.root / "x").touch()
    refused = repo.run("commit", "x")
    assert (refused.code, "the pre-commit hook: it failed with exit code 1" in refused.err) == (2, True)
    assert repo.run("trust", "--remove").out == "it is trusted no longer\n"


def test_paths_are_those_of_the_folder_that_one_is_in(repo: Repo) -> None:
    for name in ("shop/a", "a", "-m"):
        (repo.root / name).write_text("x\n")
    assert repo.run("commit", "-C", "shop", "a", "-m", "One").code == 0
    assert git(repo, "show", "--format=", "--name-only") == "shop/a\n"
    assert repo.run("commit", "-m", "Two", "--", "-m").code == 0
    assert git(repo, "show", "--format=", "--name-only") == "-m\n"
    assert repo.run("commit", "--all", "a").code == 2
    assert repo.run("commit", "nowhere").code == 2


def test_a_plain_folder_has_neither_commits_nor_branches(repo: Repo) -> None:
    subprocess.run(["rm", "-rf", ".git"], cwd=repo.root, check=True)
    for command in ("commit", "branch", "diff", "trust"):
        ran = repo.run(command)
        assert (ran.code, "git init" in ran.err, "Traceback" in ran.err) == (2, True, False), ran.err
