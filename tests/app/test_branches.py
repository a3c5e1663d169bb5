"""New branches, judged by plain git."""

from __future__ import annotations

import pytest

from fakes.desk import Desk
from r1code.errors import R1CodeError, UsageError
from r1code.repo.commits import create_branch
from r1code.repo.git import Git


def test_a_new_branch_is_switched_to_and_files_and_index_stay(desk: Desk) -> None:
    desk.repository.write("tracked", "staged\n")
    desk.repository.git("add", "tracked")
    desk.repository.write("tracked", "dirty\n")
    index, status = (desk.root / ".git/index").read_bytes(), desk.status()
    create_branch(desk.git, "feature/x")
    assert desk.repository.git("branch", "--show-current") == "feature/x\n"
    assert desk.repository.git("rev-parse", "feature/x") == desk.repository.git("rev-parse", "main")
    assert desk.repository.git("reflog", "-1", "--format=%gs") == "checkout: moving from main to feature/x\n"
    assert (desk.root / ".git/index").read_bytes() == index
    assert (desk.status(), desk.is_sound()) == (status, True)
    desk.repository.git("checkout", "-q", "-")


@pytest.mark.parametrize(
    "name", ["", "-x", "a b", "a..b", "HEAD", "@", "a.lock", "/a", "a/", "x~1", "@{-1}", "a\nb", ".a"]
)
def test_what_cannot_be_a_name_is_refused(desk: Desk, name: str) -> None:
    before = desk.everything()
    with pytest.raises(UsageError, match="cannot be the name"):
        create_branch(desk.git, name)
    assert desk.everything() == before


def test_a_name_that_is_taken_is_refused(desk: Desk) -> None:
    desk.repository.git("branch", "side")
    for name in ("main", "side"):
        with pytest.raises(UsageError, match="already"):
            create_branch(desk.git, name)
    with pytest.raises(R1CodeError, match="was not made"):
        create_branch(desk.git, "side/deeper")
    assert desk.repository.git("branch", "--show-current") == "main\n"


def test_before_the_first_commit_and_when_head_is_detached(desk: Desk) -> None:
    desk.repository.git("checkout", "-q", "--detach")
    create_branch(desk.git, "again")
    assert desk.repository.git("branch", "--show-current") == "again\n"
    desk.repository.git("checkout", "-q", "--orphan", "empty")
    create_branch(desk.git, "emptier")
    with pytest.raises(UsageError, match="already"):
        create_branch(desk.git, "emptier")
    assert (desk.git.branch(), desk.git.head()) == ("emptier", None)


def test_in_the_middle_of_a_bisect_it_waits(desk: Desk) -> None:
    desk.repository.git("bisect", "start")
    with pytest.raises(UsageError, match="has to wait"):
        create_branch(Git.find(desk.root), "x")
