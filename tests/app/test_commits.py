"""Commits of chosen paths, judged by plain git."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.desk import Desk
from fakes.repository import Repository
from fakes.trees import ODD_NAMES
from r1code.app.diffs import difference
from r1code.errors import StateError, UsageError

NINE = "1\n2\n3\n4\n5\n6\n7\n8\n9\n"


def test_what_the_last_turn_changed_is_committed_and_nothing_else(desk: Desk) -> None:
    desk.change("First", a="1\n")
    desk.change("Second thing\nwith details", b="2\n", tracked="new\n", other=None)
    desk.repository.write("mine")
    made = desk.commit()
    assert desk.of() == ["b", "other", "tracked"]
    assert made.commit == desk.repository.git("rev-parse", "HEAD").strip()
    assert made.paths == ("b", "other", "tracked")
    assert desk.message() == "Second thing\n\nCo-authored-by: r1code <r1code@localhost>"
    assert desk.repository.git("log", "-1", "--format=%an %ae %cn %ce").strip() == (
        "Ann ann@example.org Ann ann@example.org"
    )
    assert desk.status() == "?? a\n?? mine\n"
    assert desk.is_sound()


def test_what_is_staged_of_other_files_stays_byte_by_byte(desk: Desk) -> None:
    desk.repository.write("other", NINE)
    desk.repository.commit()
    desk.repository.write("other", NINE.replace("1", "one"))
    desk.repository.git("add", "other")
    desk.repository.write("other", NINE.replace("1", "one").replace("9", "nine"))
    desk.repository.git("rm", "-q", "--cached", "deep/tracked")
    desk.repository.write("intended")
    desk.repository.git("add", "-N", "intended")
    before = [desk.repository.git("diff", *how) for how in ((), ("--cached",))]
    desk.change(tracked="new\n")
    desk.commit()
    assert desk.of() == ["tracked"]
    assert [desk.repository.git("diff", *how) for how in ((), ("--cached",))] == before
    assert desk.is_sound()


def test_a_file_that_is_named_is_committed_as_it_is_now(desk: Desk) -> None:
    desk.repository.write("tracked", "staged\n")
    desk.repository.git("add", "tracked")
    desk.repository.write("tracked", "now\n")
    desk.repository.write("deep/new")
    desk.repository.write("other", "dirty\n")
    desk.commit("tracked", "deep", text="Mine\n\n\n\nand why  \n")
    assert desk.of() == ["deep/new", "tracked"]
    assert desk.repository.git("show", "HEAD:tracked") == "now\n"
    assert desk.message() == "Mine\n\nand why"
    assert desk.status() == " M other\n"


def test_all_that_is_changed_is_committed_but_no_new_secret(desk: Desk) -> None:
    desk.repository.write(".gitignore", "*.log\n")
    for name in ("x.log", ".env", "new", "deep/er/new"):
        desk.repository.write(name)
    (desk.root / "other").unlink()
    desk.commit(everything=True)
    assert desk.of() == [".gitignore", "deep/er/new", "new", "other"]
    assert desk.notes == ["not committed: .env (it looks like a secret; name it to commit it)"]
    desk.commit(".env")
    assert desk.of() == [".env"]


@pytest.mark.parametrize("how", ["file to folder", "folder to file", "file to link", "executable", "empty"])
def test_every_kind_of_change_is_committed(desk: Desk, how: str) -> None:
    tracked = desk.root / "tracked"
    if how == "file to folder":
        tracked.unlink()
        desk.repository.write("tracked/inner")
    elif how == "folder to file":
        (desk.root / "deep/tracked").unlink()
        (desk.root / "deep").rmdir()
        desk.repository.write("deep")
    elif how == "file to link":
        tracked.unlink()
        tracked.symlink_to("/nowhere")
    elif how == "executable":
        tracked.chmod(0o755)
    else:
        tracked.write_bytes(b"")
    desk.commit(everything=True)
    assert desk.status() == ""
    assert desk.is_sound()
    copy = desk.root.parent / "copy"
    subprocess.run(["git", "clone", "-q", str(desk.root), str(copy)], check=True)
    assert {
        str(path.relative_to(copy)): os.lstat(path).st_mode
        for path in copy.rglob("*")
        if ".git" not in path.parts
    } == {
        str(path.relative_to(desk.root)): os.lstat(path).st_mode
        for path in desk.root.rglob("*")
        if ".git" not in path.relative_to(desk.root).parts
    }


def test_names_are_names_whatever_they_look_like(desk: Desk) -> None:
    odd = [*ODD_NAMES, ":(glob)*", ":!x", "*", "--all", "a b\t\n\x1b[31m"]
    for name in odd:
        desk.repository.write(f"odd/{name}")
    desk.repository.write("left")
    desk.commit(*(f"odd/{name}" for name in odd))
    assert desk.of() == sorted(f"odd/{name}" for name in odd)
    for name in odd:
        (desk.root / "odd" / name).unlink()
    desk.commit("odd")
    assert desk.of() == sorted(f"odd/{name}" for name in odd)
    assert desk.status() == "?? left\n"
    assert desk.is_sound()


def test_the_first_commit_of_a_repository(tmp_path: Path) -> None:
    desk = Desk(Repository(tmp_path / "fresh"), tmp_path / "state")
    desk.repository.write("staged")
    desk.repository.git("add", "staged")
    desk.change("Begin", a="1\n")
    desk.commit()
    assert desk.of() == ["a"]
    assert desk.status() == "A  staged\n"
    assert desk.repository.git("log", "--format=%s %p").strip() == "Begin"
    assert desk.is_sound()


def test_a_repository_without_an_index_gets_one(tmp_path: Path) -> None:
    desk = Desk(Repository(tmp_path / "fresh"), tmp_path / "state")
    desk.change("Begin", a="1\n")
    desk.commit()
    assert (desk.of(), desk.status()) == (["a"], "")


def test_a_detached_head_moves_and_no_branch_does(desk: Desk) -> None:
    desk.repository.git("checkout", "-q", "--detach")
    before = desk.repository.git("rev-parse", "main")
    desk.change(tracked="new\n")
    desk.commit()
    assert desk.repository.git("rev-parse", "main") == before
    assert desk.repository.git("rev-parse", "HEAD^") == before
    assert desk.repository.git("reflog", "-1", "--format=%gs").strip() == "commit: Do it"


def test_a_sha256_repository(tmp_path: Path) -> None:
    (tmp_path / "wide").mkdir()
    subprocess.run(["git", "init", "-q", "--object-format=sha256"], cwd=tmp_path / "wide", check=True)
    desk = Desk(Repository(tmp_path / "wide"), tmp_path / "state")
    for text in ("1\n", "2\n", None):
        desk.change("Change a", a=text, b=str(text))
        assert len(desk.commit().commit) == 64
    assert (desk.of(), desk.status(), desk.is_sound()) == (["a", "b"], "", True)


def test_a_linked_worktree_has_an_index_and_a_branch_of_its_own(desk: Desk, tmp_path: Path) -> None:
    desk.repository.write("other", "mine\n")
    desk.repository.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    side = Repository(tmp_path / "linked")
    there = Desk(side, tmp_path / "state")
    there.change(tracked="new\n")
    there.commit()
    assert side.git("rev-parse", "side^") == side.git("rev-parse", "main")
    assert (there.status(), desk.status(), there.is_sound()) == ("", " M other\n", True)


@pytest.mark.parametrize("how", [["--no-cone", "/tracked", "/new"], ["--cone"], ["--cone", "--sparse-index"]])
def test_a_sparse_checkout_loses_nothing(desk: Desk, how: list[str]) -> None:
    desk.repository.git("sparse-checkout", "set", *how)
    assert not (desk.root / "deep/tracked").exists()
    desk.change("Change it", tracked="new\n", new="1\n")
    desk.commit(everything=True)
    assert desk.of() == ["new", "tracked"]
    assert desk.status() == ""
    assert desk.repository.git("ls-files", "-t", "deep/tracked").startswith("S ")
    assert difference(desk.git) == b""
    assert desk.is_sound()


def test_a_split_index_is_understood(desk: Desk) -> None:
    desk.repository.git("update-index", "--split-index")
    desk.repository.write("other", "staged\n")
    desk.repository.git("add", "other")
    desk.change(tracked="new\n")
    desk.commit()
    assert (desk.of(), desk.status()) == (["tracked"], "M  other\n")


def test_submodules_are_never_entered_or_committed(desk: Desk, tmp_path: Path) -> None:
    theirs = Repository(tmp_path / "theirs")
    theirs.commit("a")
    desk.repository.git("submodule", "--quiet", "add", str(theirs.root), "sub")
    desk.repository.commit()
    desk.repository.git("-C", "sub", "commit", "-q", "--allow-empty", "-m", "moved")
    desk.repository.write("sub/a", "dirty\n")
    Repository(desk.root / "nested").commit("inner")
    before = desk.repository.git("ls-files", "-s", "sub")
    desk.change(tracked="new\n")
    desk.commit(everything=True)
    assert desk.of() == ["tracked"]
    assert desk.repository.git("ls-files", "-s", "sub") == before
    for path in ("sub", "sub/a", "nested", "nested/inner"):
        with pytest.raises(UsageError, match="nothing to commit at"):
            desk.commit(path)


def test_in_a_submodule_it_is_the_submodule_that_is_committed_to(desk: Desk, tmp_path: Path) -> None:
    theirs = Repository(tmp_path / "theirs")
    theirs.commit("a")
    desk.repository.git("submodule", "--quiet", "add", str(theirs.root), "sub")
    inside = Desk(Repository(desk.root / "sub"), tmp_path / "state")
    inside.change(a="new\n")
    inside.commit()
    assert (inside.of(), inside.status(), inside.is_sound()) == (["a"], "", True)


def test_a_change_in_the_same_moment_as_the_index_is_not_missed(desk: Desk) -> None:
    index, file = desk.root / ".git/index", desk.root / "tracked"
    # Without it a test cannot make two moments the same.
    desk.repository.git("config", "core.trustCtime", "false")
    desk.repository.git("update-index", "--refresh")
    stat = file.stat()
    os.utime(index, ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    desk.repository.write("tracked", "TEXT\n")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert b"+TEXT" in difference(desk.git)
    desk.commit("tracked")
    assert desk.repository.git("show", "HEAD:tracked") == "TEXT\n"


Files = dict[str, str | None]
texts = st.sampled_from([None, "1\n", "2\n", "3\n"])
flat = st.fixed_dictionaries(dict.fromkeys(("a", "b", "c", "-d", ":e"), texts))


@settings(max_examples=12, deadline=None)
@given(st.tuples(flat, flat, flat), st.sets(st.sampled_from(["a", "b", "c", "-d", ":e"])))
def test_whatever_is_staged_or_changed_only_the_chosen_files_are_committed(
    tmp_path_factory: pytest.TempPathFactory,
    states: tuple[Files, Files, Files],
    chosen: set[str],
) -> None:
    head, index, now = states
    folder = tmp_path_factory.mktemp("flat")
    desk = Desk(Repository(folder / "repository"), folder / "state")

    def put(files: Files) -> None:
        for name, text in files.items():
            (desk.root / name).unlink(missing_ok=True)
            if text is not None:
                desk.repository.write(name, text)

    put(head)
    desk.repository.git("add", "-A")
    desk.repository.git("commit", "-q", "--allow-empty", "-m", "m")
    put(index)
    desk.repository.git("add", "-A")
    put(now)
    staged = {line.partition("\t")[2]: line for line in desk.repository.git("ls-files", "-s").splitlines()}
    dirty = [name for name in sorted(chosen) if name in desk.git.changes()]
    changed = [name for name in dirty if head[name] != now[name]]
    if changed:
        desk.commit(*dirty)
        assert desk.of() == sorted(changed)
    elif dirty:
        with pytest.raises(UsageError, match="nothing to commit"):
            desk.commit(*dirty)
    after = {line.partition("\t")[2]: line for line in desk.repository.git("ls-files", "-s").splitlines()}
    others = {name for name in now if name not in changed}
    assert {name: after.get(name) for name in others} == {name: staged.get(name) for name in others}
    left = desk.repository.git("diff", "--cached", "--name-only", "-z").split("\0")
    assert {*left}.isdisjoint(changed)
    committed = {name: text for name, text in now.items() if name in changed} | {
        name: text for name, text in head.items() if name not in changed
    }
    tree = {
        name: desk.repository.git("show", f"HEAD:./{name}") for name in committed if committed[name] is not None
    }
    assert tree == {name: text for name, text in committed.items() if text is not None}
    assert {name: (desk.root / name).read_text() if (desk.root / name).exists() else None for name in now} == now


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
