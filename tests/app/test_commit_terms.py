"""When a commit is refused, whose it is said to be, and what a person is told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fakes.desk import Desk
from fakes.repository import Repository
from r1code.errors import StateError, UsageError

NINE = "1\n2\n3\n4\n5\n6\n7\n8\n9\n"


STATES = {
    "merge": ["merge", "-q", "side"],
    "rebase": ["rebase", "-q", "side"],
    "cherry-pick": ["cherry-pick", "side"],
    "revert": ["revert", "--no-edit", "HEAD~1"],
    "bisect": ["bisect", "start"],
}


@pytest.mark.parametrize("state", STATES)
def test_in_the_middle_of_something_it_waits_and_says_of_what(desk: Desk, state: str) -> None:
    git = desk.repository.git
    git("checkout", "-q", "-b", "side")
    desk.repository.write("tracked", "theirs\n")
    git("commit", "-qam", "theirs")
    git("checkout", "-q", "main")
    for text in ("ours\n", "ours too\n"):
        desk.repository.write("tracked", text)
        git("commit", "-qam", "ours")
    git(*STATES[state], check=False)
    desk.repository.write("other", "new\n")
    before = desk.everything()
    with pytest.raises(UsageError) as raised:
        desk.commit("other")
    assert state in raised.value.why
    assert desk.everything() == before


def test_a_conflict_that_git_left_behind_is_named(desk: Desk) -> None:
    desk.repository.write("mine")
    name = desk.repository.git("rev-parse", "HEAD:tracked").strip()
    lines = "".join(f"100644 {name} {stage}\ttracked\n" for stage in (1, 2, 3))
    desk.repository.git("update-index", "--index-info", stdin=f"0 {'0' * 40}\ttracked\n{lines}".encode())
    with pytest.raises(UsageError, match="has to wait") as raised:
        desk.commit("mine")
    assert "'tracked' has a conflict" in raised.value.why


def test_a_locked_index_is_told_and_nothing_changes(desk: Desk) -> None:
    desk.change(tracked="new\n")
    lock = desk.root / ".git/index.lock"
    lock.touch()
    before = desk.everything()
    with pytest.raises(StateError, match="index of the repository is locked") as raised:
        desk.commit()
    assert str(lock) in raised.value.why
    assert desk.everything() == before
    lock.unlink()
    desk.commit()
    assert not lock.exists()


def test_a_branch_that_moves_meanwhile_is_not_overwritten(desk: Desk) -> None:
    desk.change(tracked="new\n")
    desk.hook(
        "commit-msg", "env -u GIT_INDEX_FILE git update-ref HEAD $(git commit-tree -m theirs -p HEAD HEAD^{tree})"
    )
    desk.trust()
    index = (desk.root / ".git/index").read_bytes()
    with pytest.raises(StateError, match="was not made"):
        desk.commit()
    assert desk.message() == "theirs"
    assert (desk.root / ".git/index").read_bytes() == index
    assert desk.status() == " M tracked\n"


def test_without_a_name_it_says_how_to_set_one(desk: Desk) -> None:
    desk.repository.git("config", "--unset", "user.email")
    desk.change(tracked="new\n")
    with pytest.raises(UsageError, match="does not know who you are") as raised:
        desk.commit()
    assert "user.email is not set" in raised.value.why
    assert "git config --global user.name" in raised.value.hint


@pytest.mark.parametrize(
    ("attribution", "author", "trailer"),
    [("trailer", "Ann", True), ("author", "r1code", False), ("none", "Ann", False)],
)
def test_how_it_says_who_wrote_it(tmp_path: Path, attribution: str, author: str, trailer: bool) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit("tracked")
    desk = Desk(repository, tmp_path / "state", attribution=attribution)
    desk.change(tracked="new\n")
    desk.commit(text="Do it\n\nRefs: #1")
    assert repository.git("log", "-1", "--format=%an %cn").split() == [author, "Ann"]
    assert repository.git("log", "-1", "--format=%(trailers:key=Co-authored-by)").strip() == (
        "Co-authored-by: r1code <r1code@localhost>" if trailer else ""
    )
    assert repository.git("log", "-1", "--format=%(trailers:key=Refs,valueonly)").strip() == "#1"


def test_what_r1code_did_not_do_it_does_not_claim(desk: Desk) -> None:
    desk.change(a="1\n")
    desk.commit()
    later = f"Ann <ann@example.org> {int(time.time()) + 60} +0000"
    tree = desk.repository.git("rev-parse", "HEAD^{tree}").strip()
    commit = f"tree {tree}\nauthor {later}\ncommitter {later}\n\nm\n"
    name = desk.repository.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=commit.encode()).strip()
    desk.repository.git("update-ref", "HEAD", name)
    desk.repository.write("a", "mine\n")
    desk.commit("a")
    assert desk.message() == "Change a"


def test_that_it_is_not_signed_is_said_once(desk: Desk) -> None:
    with (desk.root / ".git/config").open("a") as file:
        file.write("[commit]\n gpgSign\n")
    desk.change(a="1\n")
    desk.commit()
    assert [note for note in desk.notes if "not signed" in note] == desk.notes
    assert "gpgsig" not in desk.repository.git("cat-file", "commit", "HEAD")


def test_a_file_behind_a_filter_is_refused_by_name(desk: Desk) -> None:
    desk.repository.write(".gitattributes", "*.bin filter=lfs\n*.txt filter=unknown\n")
    desk.repository.git("config", "filter.lfs.clean", "touch fired; cat")
    for name in ("a.bin", "a.txt"):
        desk.repository.write(name)
    with pytest.raises(UsageError, match=r"'a\.bin' cannot be committed"):
        desk.commit(everything=True)
    desk.commit("a.txt", ".gitattributes")
    assert desk.of() == [".gitattributes", "a.txt"]
    assert not (desk.root / "fired").exists()


def test_line_ends_are_stored_as_the_project_has_it(desk: Desk) -> None:
    desk.repository.write(".gitattributes", "*.txt text eol=crlf\n")
    (desk.root / "a.txt").write_bytes(b"a\r\nb\r\n")
    desk.commit(everything=True)
    assert desk.repository.git("show", "HEAD:a.txt") == "a\nb\n"
    assert desk.status() == ""


def test_a_message_is_in_the_projects_style(desk: Desk) -> None:
    for number in range(6):
        desk.repository.git("commit", "-q", "--allow-empty", "-m", f"fix(deep): make it work {number}")
    desk.change("Please add a flag.", **{"deep/tracked": "new\n"})
    desk.commit()
    assert desk.message().splitlines()[0] == "feat(deep): add a flag"


def test_without_anything_to_commit_it_says_why(desk: Desk) -> None:
    with pytest.raises(UsageError, match="nothing to commit"):
        desk.commit()
    with pytest.raises(UsageError, match="nothing to commit"):
        desk.commit(everything=True)
    with pytest.raises(UsageError, match="nothing to commit at"):
        desk.commit("tracked")
    with pytest.raises(UsageError, match="cannot be committed"):
        desk.commit("../elsewhere")
    desk.repository.write("tracked", "new\n")
    with pytest.raises(UsageError, match="message is empty"):
        desk.commit("tracked", text=" \n")


def test_changes_of_others_in_the_same_file_are_said(desk: Desk) -> None:
    desk.repository.write("tracked", "mine\n")
    desk.change(tracked="mine\nand r1code's\n", a="1\n")
    desk.commit()
    assert desk.notes == ["changes that r1code did not make are part of the commit: tracked"]


def test_a_turn_commits_only_what_is_its_own(desk: Desk) -> None:
    for name in ("dirty", "staged", "clean", "later", "between"):
        desk.repository.write(name)
    desk.repository.commit()
    desk.repository.write("dirty", "mine\n")
    desk.repository.write("staged", "mine\n")
    desk.repository.git("add", "staged")
    desk.repository.write("staged")
    with desk.turn("Change them all") as session:
        for name in ("dirty", "staged", "clean", "later", "between"):
            desk.tree.write({name: b"r1code's\n"})
        desk.repository.write("between", "mine\n")
        desk.tree.write({"between": b"r1code's again\n", "new": b"1\n"})
        desk.repository.write("later", "mine\n")
        index = desk.repository.git("diff", "--cached")
        made = desk.commits.turn(session)
    assert made is not None
    assert desk.of() == ["clean", "new"]
    assert desk.repository.git("diff", "--cached") == index
    assert desk.notes == [
        "not committed: between, dirty, later (it has uncommitted changes of yours as well)",
        "not committed: staged (it has staged changes)",
    ]
    assert desk.is_sound()


def test_what_was_changed_before_is_committed_first_and_apart(desk: Desk) -> None:
    desk.repository.write("tracked", "mine\n")
    desk.repository.write("mine")
    first = desk.commits.first()
    assert first is not None
    assert desk.of() == ["mine", "tracked"]
    assert "r1code <" not in desk.message()
    assert desk.commits.first() is None
    session = desk.write("Go on", {"tracked": "mine\nr1code's\n"})
    assert desk.commits.turn(session) is not None
    assert desk.of() == ["tracked"]
    assert desk.notes == []
