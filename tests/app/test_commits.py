"""Commits of chosen paths, judged by plain git."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.desk import Desk
from fakes.leaks import SECRETS
from fakes.repository import Repository
from fakes.trees import ODD_NAMES
from r1code.app.diffs import difference
from r1code.errors import UsageError
from r1code.log import Judged
from r1code.types import Verdict

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


def test_the_name_of_a_test_commands_nobody(desk: Desk) -> None:
    secret = SECRETS["url"]
    name = f"test_a[closes #1 @team postgres://shop:{secret}@db.shop.io [skip ci]\nBREAKING CHANGE: x]"
    fixed = Verdict(outcome="fixed", why="", sandbox="docker", fixed=(f"tests/test_a.py::{name}",))
    with desk.turn("", command="fix") as session:
        desk.tree.write({"a": b"1\n"})
        session.append(Judged(verdict=fixed))
    desk.commit()
    whole = " ".join(desk.message().split())
    assert "test test_a[closes # 1 @ team postgres: //" in whole
    assert not re.search(r"#1|@team|://|\[skip ci|BREAKING", whole)
    assert secret not in whole
    assert "hidden_url_" in whole


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
