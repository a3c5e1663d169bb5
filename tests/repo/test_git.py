from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.repository import Repository
from fakes.trees import ODD_NAMES
from r1code.errors import KilledError, StateError, UsageError
from r1code.repo.git import Git
from r1code.repo.kinds import marked
from r1code.tree.scan import scan
from r1code.tree.store import Store
from r1code.types import ExitCode


def test_a_repository_is_found_from_any_folder_in_it(repository: Repository):
    repository.commit("src/a.py")
    assert Git.find(repository.root / "src").root == repository.root.resolve()


def test_a_root_with_an_odd_name_is_found(tmp_path: Path):
    root = Repository(tmp_path / "a b\n\udcff").root
    assert Git.find(root).root == root


def test_a_linked_work_tree_is_a_repository(repository: Repository, tmp_path: Path):
    repository.commit("a")
    repository.git("worktree", "add", "-q", str(tmp_path / "linked"))
    git = Git.find(tmp_path / "linked")
    assert (git.files(), git.branch()) == (["a"], "linked")


def test_a_folder_without_repository_is_told_what_to_do(tmp_path: Path):
    with pytest.raises(UsageError, match="is not in a git repository") as raised:
        Git.find(tmp_path)
    assert "git init" in raised.value.hint


def test_a_missing_folder_is_told(tmp_path: Path):
    with pytest.raises(UsageError, match="is not a folder"):
        Git.find(tmp_path / "missing")


def test_a_bare_repository_and_gits_own_folder_have_no_work_tree(repository: Repository, tmp_path: Path):
    repository.git("init", "-q", "--bare", str(tmp_path / "bare"))
    for folder in (tmp_path / "bare", repository.root / ".git"):
        with pytest.raises(UsageError, match="has no work tree"):
            Git.find(folder)


def test_a_bare_repository_hidden_in_a_work_tree_is_not_used(repository: Repository):
    repository.git("init", "-q", "--bare", "innocent")
    with pytest.raises(UsageError, match="has no work tree"):
        Git.find(repository.root / "innocent")


def test_a_work_tree_that_the_configuration_moves_is_refused(repository: Repository, tmp_path: Path):
    repository.git("config", "core.worktree", str(tmp_path))
    with pytest.raises(UsageError, match="keeps its work tree elsewhere"):
        Git.find(repository.root)


def test_a_broken_configuration_is_told(repository: Repository):
    (repository.root / ".git" / "config").write_text("[broken")
    with pytest.raises(UsageError, match="git cannot use") as raised:
        Git.find(repository.root)
    assert "bad config line" in raised.value.why


def test_a_missing_git_is_told(repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", f"{tmp_path}:.")
    (repository.root / "git").write_text("#!/bin/sh\n")
    (repository.root / "git").chmod(0o755)
    monkeypatch.chdir(repository.root)
    with pytest.raises(UsageError, match="git was not found"):
        Git.find(repository.root)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_somebody_else_needs_the_persons_word(repository: Repository):
    repository.commit("a")
    for place in (repository.root, repository.root / ".git"):
        os.chown(place, 4242, 4242)
    with pytest.raises(UsageError, match="does not trust") as raised:
        Git.find(repository.root)
    assert f"safe.directory {repository.root}" in raised.value.hint
    (Path.home() / ".gitconfig").write_text(f'[safe]\n directory = "{repository.root}"\n')
    assert Git.find(repository.root).files() == ["a"]


def test_an_empty_repository_has_no_files_and_no_head(repository: Repository):
    git = Git.find(repository.root)
    assert (git.files(), git.head(), git.branch(), git.dirty()) == ([], None, "main", [])


def test_head_and_branch_are_where_git_says(repository: Repository):
    repository.commit("a")
    git = Git.find(repository.root)
    assert git.head() == repository.git("rev-parse", "HEAD").strip()
    assert git.branch() == "main"
    repository.git("checkout", "-q", "--detach")
    assert git.branch() is None


def test_files_are_tracked_or_untracked_and_never_ignored(repository: Repository):
    repository.commit("tracked", "deleted", "tracked but ignored")
    (repository.root / "deleted").unlink()
    for path in ("untracked", "ignored", "build/x", "deep/build/x", "excluded", "a/b/c"):
        repository.write(path)
    repository.write(".gitignore", "ignored\nbuild/\ntracked but ignored\n")
    repository.write(".git/info/exclude", "excluded\n")
    assert Git.find(repository.root).files() == [
        ".gitignore",
        "a/b/c",
        "deleted",
        "tracked",
        "tracked but ignored",
        "untracked",
    ]


def test_a_listing_asks_git_a_fixed_number_of_times(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    repository.commit(*(f"src/p{number}/a.py" for number in range(300)), ".gitattributes")
    git, calls = Git.find(repository.root), tmp_path / "calls"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho >> {calls}\nexec {shutil.which("git")} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    assert len(git.files()) == 301
    marked(git, git.files())
    assert calls.read_text().count("\n") == 3


def test_what_the_person_ignores_everywhere_is_ignored(repository: Repository):
    (Path.home() / ".gitconfig").write_text("[core]\n excludesFile = ~/ignore\n")
    (Path.home() / "ignore").write_text("*.swp\n")
    repository.write("a.swp")
    git = Git.find(repository.root)
    assert git.files() == []
    assert git.ignored(["a.swp", "b.swp", "c"]) == {"a.swp", "b.swp"}


def test_odd_names_are_listed_exactly(repository: Repository):
    for name in ODD_NAMES:
        repository.write(f"tracked/{name}")
    repository.git("add", "-A")
    for name in ODD_NAMES:
        repository.write(name)
    assert Git.find(repository.root).files() == sorted([*ODD_NAMES, *(f"tracked/{name}" for name in ODD_NAMES)])


def test_pipes_and_loops_do_not_hang_and_are_no_files_of_the_tree(repository: Repository, tmp_path: Path):
    os.mkfifo(repository.root / "pipe")
    (repository.root / "loop").symlink_to("loop")
    git = Git.find(repository.root)
    assert list(scan(git.root, git.files(), Store(tmp_path / "store")).entries) == ["loop"]


def test_the_files_of_repositories_inside_belong_to_the_tree(repository: Repository, tmp_path: Path):
    other = Repository(tmp_path / "other")
    other.write(".gitignore", "*.log\n")
    other.commit("theirs")
    repository.commit("ours")
    repository.git("submodule", "--quiet", "add", str(other.root), "sub module")
    nested = Repository(repository.root / "nested")
    nested.commit("inner")
    Repository(nested.root / "deeper").write("inmost", "x")
    git = Git.find(repository.root)
    theirs = ["sub module/.gitignore", "sub module/theirs"]
    assert git.files() == [".gitmodules", "nested/deeper/inmost", "nested/inner", "ours", *theirs]
    new = ["sub module/new.py", "nested/new.log", "nested/deeper/d/new.log", "new.log"]
    assert git.ignored([*git.files(), *new, "sub module/d/x.log"]) == {"sub module/d/x.log"}
    repository.commit()
    assert not git.dirty()
    assert Git.find(repository.root / "sub module").files() == [".gitignore", "theirs"]


def test_a_submodule_that_is_not_checked_out_has_no_files(repository: Repository, tmp_path: Path):
    other = Repository(tmp_path / "other")
    other.commit("theirs")
    repository.git("submodule", "--quiet", "add", str(other.root), "sub")
    repository.commit("ours")
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", str(repository.root), str(clone))
    git = Git.find(clone)
    assert git.files() == [".gitmodules", "ours"]
    assert git.ignored(["sub/", "sub/theirs", "ours", "new"]) - {"sub/"} == {"sub/theirs"}


@pytest.mark.parametrize("how", ["elsewhere", "link", "broken", "outer"])
def test_what_only_looks_like_a_repository_inside_is_left_out(how: str, repository: Repository, tmp_path: Path):
    repository.commit("ours")
    other = Repository(tmp_path / "other")
    other.commit("theirs")
    inner = repository.root / "inner"
    if how == "elsewhere":
        nested = Repository(inner)
        nested.commit("x")
        nested.git("config", "core.worktree", str(other.root))
    elif how == "link":
        inner.symlink_to(other.root)
    else:
        inner.mkdir()
        target = f"gitdir: {repository.root}/.git" if how == "outer" else "junk"
        (inner / ".git").write_text(f"{target}\n")
    git = Git.find(repository.root)
    found = [path for path in git.files() if path != "inner"]
    assert "inner/theirs" not in found
    assert "inner/x" not in found
    assert git.ignored(["ours", "new"]) == set()


def test_ignored_paths_need_not_exist(repository: Repository):
    repository.write(".gitignore", "*.log\nbuild/\n!keep.log\n:m\n")
    asked = [
        "a.log",
        "keep.log",
        "build/x/y",
        "src/a.py",
        ":m",
        ":(top)x",
        "new\nline.log",
        "-x.log",
        "\udcff.log",
    ]
    expected = {"a.log", "build/x/y", ":m", "new\nline.log", "-x.log", "\udcff.log"}
    git = Git.find(repository.root)
    assert git.ignored(asked) == expected
    assert git.ignored([]) == set()
    assert git.ignored(iter(asked)) == expected


def test_a_path_that_git_cannot_judge_does_not_spoil_the_question(repository: Repository, tmp_path: Path):
    repository.write(".gitignore", "*.log\n")
    (repository.root / "link").symlink_to(tmp_path)
    asked = ["link/x", "../x", "/x", "", ".git/config", "a.log"]
    assert Git.find(repository.root).ignored(asked) == {"a.log"}


@pytest.mark.parametrize("how", ["untracked", "edited", "staged", "deleted", "mode"])
def test_every_kind_of_change_is_dirt(how: str, repository: Repository):
    repository.commit("a")
    git = Git.find(repository.root)
    assert not git.dirty()
    if how == "untracked":
        repository.write("b")
    elif how == "deleted":
        (repository.root / "a").unlink()
    elif how == "mode":
        (repository.root / "a").chmod(0o755)
    else:
        repository.write("a", "other\n")
    if how == "staged":
        repository.git("add", "a")
        repository.write("a")
    assert git.dirty()


def test_a_touched_file_is_no_dirt_and_the_index_stays_as_it_is(repository: Repository):
    repository.commit("a")
    os.utime(repository.root / "a", (1, 1))
    index = (repository.root / ".git" / "index").read_bytes()
    assert not Git.find(repository.root).dirty()
    assert (repository.root / ".git" / "index").read_bytes() == index


def test_a_git_that_fails_later_is_told(repository: Repository):
    git = Git.find(repository.root)
    (repository.root / ".git" / "index").write_bytes(b"junk")
    with pytest.raises(StateError, match="git could not list the files"):
        git.files()


def test_a_git_that_was_killed_gave_no_answer(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    repository.commit("a")
    git = Git.find(repository.root)
    assert git.head()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text("#!/bin/sh\nkill -9 $$\n")
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    # Neither a history without commits nor a folder without a repository.
    for asked in (git.head, git.files, lambda: Git.find(repository.root)):
        with pytest.raises(KilledError, match="git was killed") as told:
            asked()
        assert "signal 9" in told.value.why
        assert told.value.exit_code == ExitCode.INTERNAL


def test_the_environment_of_a_hook_does_not_lead_elsewhere(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    other = Repository(tmp_path / "other")
    other.commit("theirs")
    repository.commit("ours")
    for name, value in {
        "GIT_DIR": str(other.root / ".git"),
        "GIT_WORK_TREE": str(other.root),
        "GIT_INDEX_FILE": str(other.root / ".git" / "index"),
    }.items():
        monkeypatch.setenv(name, value)
    assert Git.find(repository.root).files() == ["ours"]


def test_importing_it_needs_no_git(tmp_path: Path):
    script = "from r1code.repo.git import Git"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", script], env={"PATH": str(tmp_path)}, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
