"""Linked worktrees of r1code's own, judged by plain git."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fakes.desk import Desk
from fakes.repository import Repository
from fakes.trees import on_disk
from r1code.app.worktrees import Worktrees
from r1code.control import Control
from r1code.errors import UsageError
from r1code.repo.git import Git


def of(desk: Desk) -> Worktrees:
    return Worktrees(Git.find(desk.root), desk.state)


def test_it_holds_the_last_commit_on_a_branch_of_its_own(desk: Desk) -> None:
    desk.repository.write("tracked", "mine\n")
    desk.repository.write("untracked")
    index = (desk.root / ".git/index").read_bytes()
    git = of(desk).create("", "Add a --quiet flag!", desk.notes.append)
    name = git.root.name
    assert name.startswith("add-a-quiet-flag-")
    assert git.branch() == f"r1code/{name}"
    assert git.root.is_relative_to(desk.state)
    assert (
        subprocess.run(["git", "status", "--porcelain"], cwd=git.root, capture_output=True, check=True).stdout
        == b""
    )
    assert on_disk(git.root).keys() == {"tracked", "other", "deep/tracked"}
    assert (git.root / "tracked").read_text() == "text\n"
    assert desk.notes[-1] == "uncommitted changes are not in it: tracked, untracked"
    assert (desk.root / ".git/index").read_bytes() == index
    assert desk.repository.git("config", "--list", "--local").count("branch.") == 0


def test_it_says_what_is_in_it_and_how_to_have_it(desk: Desk) -> None:
    found = of(desk)
    git = found.create("x", "", desk.notes.append)
    (git.root / "tracked").write_text("new\n")
    (git.root / "a").write_text("new\n")
    desk.notes.clear()
    found.tell("x", desk.notes.append)
    said = "\n".join(desk.notes)
    assert "changed in it: 2 files, not committed" in said
    assert f"r1code commit --all -C {git.root} && git merge r1code/x" in said
    assert "r1code worktree remove x" in said
    (one,) = found.list()
    assert (one.name, one.dirty, one.ahead, one.branch) == ("x", 2, 0, "r1code/x")


def test_what_is_not_committed_is_not_removed_unasked(desk: Desk) -> None:
    found = of(desk)
    git = found.create("x", "", desk.notes.append)
    (git.root / "a").write_text("new\n")
    with pytest.raises(UsageError, match="not committed"):
        found.remove("x", Control(), desk.notes.append)
    assert (git.root / "a").exists()
    found.remove("x", Control(), desk.notes.append, force=True)
    assert not git.root.exists()
    assert desk.repository.git("branch", "--format=%(refname:short)") == "main\n"
    assert len(desk.repository.git("worktree", "list").splitlines()) == 1
    assert desk.is_sound()


def test_a_branch_with_commits_outlives_its_folder_and_can_be_merged(desk: Desk) -> None:
    found = of(desk)
    linked = Repository(found.create("x", "", desk.notes.append).root)
    there = Desk(linked, desk.state)
    there.change(tracked="new\n")
    there.commit()
    found.remove("x", Control(), desk.notes.append)
    assert "the branch r1code/x stays" in desk.notes[-1]
    assert not there.tree.state.exists()
    desk.repository.git("merge", "-q", "r1code/x")
    assert (desk.root / "tracked").read_text() == "new\n"


def test_a_folder_that_is_gone_is_cleaned_up(desk: Desk) -> None:
    found = of(desk)
    shutil.rmtree(found.create("x", "", desk.notes.append).root)
    assert "its folder is gone" in str(found.list()[0])
    found.remove("x", Control(), desk.notes.append)
    assert found.list() == []


def test_a_worktree_of_a_person_is_neither_listed_nor_removed(desk: Desk, tmp_path: Path) -> None:
    desk.repository.git("worktree", "add", "-q", str(tmp_path / "mine"))
    assert of(desk).list() == []
    with pytest.raises(UsageError, match="there is no worktree"):
        of(desk).remove("mine", Control(), desk.notes.append)


@pytest.mark.parametrize("name", ["a/b", "..", "a b", ".hidden", "x.lock"])
def test_what_cannot_be_a_name_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        of(desk).create(name, "", desk.notes.append)
    assert len(desk.repository.git("worktree", "list").splitlines()) == 1


def test_a_name_that_is_taken_is_refused(desk: Desk) -> None:
    of(desk).create("x", "", desk.notes.append)
    desk.repository.git("branch", "r1code/y")
    for name in ("x", "y"):
        with pytest.raises(UsageError, match="already"):
            of(desk).create(name, "", desk.notes.append)


def test_without_a_commit_or_a_repository_it_says_why(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "fresh")
    with pytest.raises(UsageError, match="no worktree yet"):
        Worktrees(Git.find(repository.root), tmp_path / "state").create("x", "", print)
    (tmp_path / "plain").mkdir()
    with pytest.raises(UsageError, match="can be no worktree"):
        Worktrees(Git.find(tmp_path / "plain", tmp_path / "state"), tmp_path / "state")


def test_one_in_which_nothing_was_done_goes_again(desk: Desk) -> None:
    found = of(desk)
    for name in ("unused", "used"):
        git = found.create(name, "", desk.notes.append)
    (git.root / "a").write_text("new\n")
    for name in ("unused", "used"):
        found.drop_unused(name, Control(), desk.notes.append)
    assert [one.name for one in found.list()] == ["used"]


def test_it_may_be_made_from_inside_another_one(desk: Desk) -> None:
    first = of(desk).create("x", "", desk.notes.append)
    second = Worktrees(first, desk.state).create("y", "", desk.notes.append)
    assert [one.name for one in of(desk).list()] == ["x", "y"]
    assert second.branch() == "r1code/y"


def test_submodules_stay_empty_and_sparse_ones_sparse(desk: Desk, tmp_path: Path) -> None:
    theirs = Repository(tmp_path / "theirs")
    theirs.commit("a")
    desk.repository.git("submodule", "--quiet", "add", str(theirs.root), "sub")
    desk.repository.commit()
    desk.repository.git("config", "submodule.recurse", "true")
    git = of(desk).create("x", "", desk.notes.append)
    assert list((git.root / "sub").iterdir()) == []
