"""What is changed, as `git apply` takes it: judged by applying it to a clone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from fakes.desk import Desk
from fakes.repository import Repository
from fakes.trees import ODD_NAMES, Spec, beyond_links, on_disk, specs, write_out
from r1code.app.diffs import changed_since, difference
from r1code.errors import UsageError
from r1code.repo.git import Git
from r1code.tree.store import Store


def apply(root: Path, diff: bytes) -> None:
    if diff:
        ran = subprocess.run(["git", "apply"], cwd=root, input=diff, capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr


def test_applied_to_a_clone_it_makes_the_same_tree_and_changes_nothing_here(desk: Desk, tmp_path: Path) -> None:
    desk.repository.git("clone", "-q", str(desk.root), str(tmp_path / "copy"))
    desk.repository.write("tracked", "staged\n")
    desk.repository.git("add", "tracked")
    desk.repository.write("tracked", "now\n")
    (desk.root / "other").rename(desk.root / "moved")
    for name in ODD_NAMES:
        desk.repository.write(f"new/{name}")
    (desk.root / "binary").write_bytes(bytes(range(256)))
    (desk.root / "latin").write_bytes(b"caf\xe9\r\n")
    (desk.root / "link").symlink_to("tracked")
    before = desk.everything()
    apply(tmp_path / "copy", difference(desk.git))
    assert on_disk(tmp_path / "copy") == on_disk(desk.root)
    assert desk.everything() == before


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(specs, specs)
def test_any_tree_comes_out_of_any_other(tmp_path_factory: pytest.TempPathFactory, old: Spec, new: Spec) -> None:
    assume(not beyond_links(old, new))
    folder = tmp_path_factory.mktemp("diff")
    repository = Repository(folder / "repository")
    write_out(old, repository.root)
    repository.git("add", "-A")
    repository.git("commit", "-q", "--allow-empty", "-m", "m")
    repository.git("clone", "-q", str(repository.root), str(folder / "copy"))
    for place in repository.root.iterdir():
        if place.name != ".git":
            subprocess.run(["rm", "-rf", str(place)], check=True)
    write_out(new, repository.root)
    apply(folder / "copy", difference(Git.find(repository.root)))
    # Git keeps one bit of the mode, and no empty folders.
    made, wanted = (
        {
            path: (kind, mode & 0o100, data)
            for path, (kind, mode, data) in on_disk(root).items()
            if kind != "folder"
        }
        for root in (folder / "copy", repository.root)
    )
    assert made == wanted


def test_it_is_against_any_commit_that_git_knows(desk: Desk) -> None:
    desk.repository.git("tag", "v1")
    desk.repository.commit("second")
    assert difference(desk.git) == b""
    assert b"+++ b/second" in difference(desk.git, "v1")
    for name in ("nope", "--output=x", "v1:tracked", "-p"):
        with pytest.raises(UsageError, match="there is no"):
            difference(desk.git, name)
    assert not (desk.root / "x").exists()


def test_before_the_first_commit_everything_is_new(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "fresh")
    assert difference(Git.find(repository.root)) == b""
    repository.write("a")
    assert b"+++ b/a" in difference(Git.find(repository.root))


def test_it_counts_the_lines(desk: Desk) -> None:
    desk.repository.write("tracked", "1\n2\n")
    desk.repository.write("ünï", "1\n")
    lines = difference(desk.git, stat=True).decode().splitlines()
    assert lines[-1] == " 2 files changed, 3 insertions(+), 1 deletion(-)"


def test_submodules_and_ignored_files_are_left_out(desk: Desk, tmp_path: Path) -> None:
    theirs = Repository(tmp_path / "theirs")
    theirs.commit("a")
    desk.repository.git("submodule", "--quiet", "add", str(theirs.root), "sub")
    desk.repository.write(".gitignore", "*.log\n")
    desk.repository.commit()
    desk.repository.write("sub/a", "dirty\n")
    desk.repository.write("x.log")
    desk.repository.git("config", "diff.submodule", "diff")
    assert difference(desk.git) == b""


def test_without_a_repository_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(UsageError, match="nothing to compare with"):
        difference(Git.find(tmp_path / "plain", tmp_path / "state"))


def test_a_repository_whose_path_is_odd_works_the_same(tmp_path: Path) -> None:
    repository = Repository(Path(os.fsdecode(os.fsencode(tmp_path / 'a:b "c\\\n') + b"\xff")))
    repository.commit("a")
    repository.write("a", "new\n")
    assert b"+new\n" in difference(Git.find(repository.root))


def test_as_a_patch_it_leads_back_to_the_revision_and_leaves_out_what_is_hidden(desk: Desk) -> None:
    repository = desk.repository
    repository.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    (desk.root / "link").symlink_to("tracked")
    (desk.root / "binary").write_bytes(bytes(range(256)))
    repository.git("add", "-A")
    repository.git("commit", "-qm", "then")
    then = on_disk(desk.root)
    repository.write("tracked", "committed\n")
    repository.git("commit", "-qam", "later")
    repository.write("other", "now\n").chmod(0o664)
    repository.write(".env", "TOKEN=abc\n")
    repository.write("new/deep/file", "new\n")
    (desk.root / "run.sh").chmod(0o644)
    (desk.root / "binary").unlink()
    (desk.root / "link").unlink()
    (desk.root / "link").symlink_to("other")
    patch = changed_since(desk.git, "HEAD~1", desk.tree, Store(desk.state / "objects"))
    assert patch.paths == ("binary", "link", "new/deep/file", "other", "run.sh", "tracked")
    # Git knows nothing of the rest of a mode: that is no change.
    other = next(one for one in patch.changes if one.path == "other")
    assert other.before is not None
    assert other.before.mode == 0o664
    desk.tree.apply(patch.inverse())
    (desk.root / ".env").unlink()
    (desk.root / "other").chmod(0o644)
    assert on_disk(desk.root) == then
    with pytest.raises(UsageError):
        changed_since(desk.git, "--help", desk.tree, Store(desk.state / "objects"))
