from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fakes.repository import Repository
from fakes.traps import Trapped
from r1code.errors import StateError, UsageError
from r1code.repo.clone import change_since, clone_at, copy_of, patched, resolve, without

DIFF = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-text\n+other\n"


@pytest.fixture
def source(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "source")
    made.commit("a", "b/c")
    return made


def log(root: Path) -> str:
    return subprocess.run(
        ["git", "log", "--all", "--oneline"], cwd=root, check=True, capture_output=True, text=True
    ).stdout


def test_a_clone_holds_the_commit_and_nothing_that_came_later(source: Repository, tmp_path: Path) -> None:
    commit = resolve(source.root, "HEAD")
    source.git("commit", "-q", "--allow-empty", "-m", "the fix")
    source.git("tag", "fixed")
    git = clone_at(str(source.root), commit, tmp_path / "clone")
    assert git.head() == commit
    assert (tmp_path / "clone/b/c").read_text() == "text\n"
    assert "the fix" not in log(tmp_path / "clone")
    assert git.dirty() == []
    source.git("commit", "-q", "--allow-empty", "-m", "later")
    assert resolve(source.root, "HEAD~2") == commit


def test_bare_and_shallow_repositories_and_those_of_a_url_are_cloned(source: Repository, tmp_path: Path) -> None:
    commit = resolve(source.root, "")
    source.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    source.git("commit", "-q", "--allow-empty", "-m", "second")
    source.git("clone", "-q", "--depth", "1", f"file://{source.root}", str(tmp_path / "shallow"))
    assert resolve(tmp_path / "bare.git", "main") == commit
    for number, (place, remote) in enumerate(
        [(str(tmp_path / "bare.git"), False), (f"file://{source.root}", True)]
    ):
        assert clone_at(place, commit, tmp_path / f"clone{number}", remote=remote).head() == commit
    second = resolve(tmp_path / "shallow", "HEAD")
    assert clone_at(str(tmp_path / "shallow"), second, tmp_path / "clone9").head() == second


def test_what_is_not_there_is_said(source: Repository, tmp_path: Path) -> None:
    for name in ("nothing", "--upload-pack=x", "0" * 40):
        with pytest.raises(UsageError, match="no commit"):
            resolve(source.root, name)
    with pytest.raises(UsageError, match="no commit"):
        resolve(tmp_path, "HEAD")
    with pytest.raises(UsageError, match="full hash"):
        clone_at(str(source.root), "HEAD", tmp_path / "x")
    with pytest.raises(StateError):
        clone_at(str(source.root), "0" * 40, tmp_path / "y")
    with pytest.raises(StateError):
        clone_at("https://127.0.0.1:1/x", "0" * 40, tmp_path / "z", remote=True)


def test_changes_are_kept_and_told_as_one(source: Repository, tmp_path: Path) -> None:
    commit = resolve(source.root, "HEAD")
    git = clone_at(str(source.root), commit, tmp_path / "clone")
    patched(git, DIFF, "one")
    without(git, ["b", "nothing/there"])
    subprocess.run(["git", "apply", "-"], cwd=source.root, input=change_since(git, commit), text=True, check=True)
    assert (source.root / "a").read_text() == "other\n"
    assert not (source.root / "b/c").exists()
    with pytest.raises(UsageError, match="does not fit"):
        patched(git, DIFF, "again")
    with pytest.raises(UsageError, match="does not fit"):
        patched(git, DIFF.replace("a/a", "a/../../x").replace("b/a", "b/../../x"), "out")


def test_the_same_folder_is_the_same_commit_whenever_it_is_copied(tmp_path: Path) -> None:
    (tmp_path / "plain/in").mkdir(parents=True)
    (tmp_path / "plain/in/a").write_text("a")
    (tmp_path / "plain/.gitignore").write_text("in/\n")
    (tmp_path / "plain/out").symlink_to("/")
    first, second = (copy_of(tmp_path / "plain", tmp_path / name).head() for name in ("one", "two"))
    assert first == second
    assert (tmp_path / "one/in/a").read_text() == "a"
    # What is behind a link is not ours to take away.
    copy_of(tmp_path / "plain", tmp_path / "three", ["out/tmp", "in"])
    assert not (tmp_path / "three/in").exists()
    assert Path("/tmp").is_dir()


def test_nothing_that_a_repository_names_runs_when_it_is_cloned(source: Repository, tmp_path: Path) -> None:
    trapped = Trapped(source, tmp_path / "traps")
    trapped.spring(tmp_path / "keys")
    source.git("config", "include.path", str(tmp_path / "keys"))
    # The person's own configuration counts in a clone, too.
    (Path.home() / ".gitconfig").write_text(f'[includeIf "gitdir:/"]\n path = {tmp_path / "keys"}\n')
    trapped.fired.unlink(missing_ok=True)
    commit = resolve(source.root, "HEAD")
    git = clone_at(str(source.root), commit, tmp_path / "clone")
    patched(git, DIFF, "one")
    without(git, ["b"])
    change_since(git, commit)
    copy_of(source.root, tmp_path / "copy")
    assert trapped.what_fired() == set()
