from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from r1code.sandbox import gitdir
from r1code.sandbox.gitdir import LeftOutError, members


def git(folder: Path, *words: str) -> str:
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    done = subprocess.run(
        ["git", *words], cwd=folder, check=True, capture_output=True, text=True, env=os.environ | identity
    )
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.txt").write_text("one\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    git(folder, "tag", "-am", "tagged", "v1")
    return folder


def rebuilt(repository: Path, target: Path) -> Path:
    for name, data in members(repository / ".git"):
        path = target / ".git" / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return target


def test_the_history_survives_and_nothing_else_does(repository: Path, tmp_path: Path):
    secret = "ghp_0123456789"
    git(repository, "config", "remote.origin.url", f"https://user:{secret}@example.invalid/x.git")
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    (repository / ".git/hooks/pre-commit").write_text(f"#!/bin/sh\necho {secret}\n")
    (repository / ".git/credentials").write_text(secret)
    (repository / ".git/objects/info/stray").write_text(secret)
    git(repository, "pack-refs", "--all")
    git(repository, "branch", "side")

    copy = rebuilt(repository, tmp_path / "copy")
    assert git(copy, "log", "--format=%s") == "first\n"
    assert git(copy, "for-each-ref", "--format=%(refname)").split() == [
        "refs/heads/main",
        "refs/heads/side",
        "refs/tags/v1",
    ]
    assert git(copy, "status", "--short") == " D a.txt\n"
    assert git(copy, "remote") == ""
    everything = b"".join(path.read_bytes() for path in copy.rglob("*") if path.is_file())
    assert secret.encode() not in everything
    assert not (copy / ".git/hooks").exists()


def test_packed_history_and_peeled_tags_survive(repository: Path, tmp_path: Path):
    git(repository, "gc", "-q")
    copy = rebuilt(repository, tmp_path / "copy")
    assert git(copy, "fsck", "--strict") == ""
    assert git(copy, "describe", "--tags") == "v1\n"


def test_an_empty_repository_is_one_inside_as_well(tmp_path: Path):
    git(tmp_path, "init", "-q", "-b", "main", "empty")
    copy = rebuilt(tmp_path / "empty", tmp_path / "copy")
    assert git(copy, "status", "--short") == ""


def test_a_repository_of_sha256_objects_is_readable(tmp_path: Path):
    folder = tmp_path / "wide"
    git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", "wide")
    (folder / "a").write_text("x")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "wide")
    assert git(rebuilt(folder, tmp_path / "copy"), "log", "--format=%s") == "wide\n"


def test_links_are_neither_copied_nor_followed(repository: Path, tmp_path: Path):
    secret = tmp_path / "id_rsa"
    secret.write_text("0" * 40)
    (repository / ".git/refs/heads/leak").symlink_to(secret)
    (repository / ".git/shallow").symlink_to(secret)
    names = {name for name, _ in members(repository / ".git")}
    assert "refs/heads/leak" not in names
    assert "shallow" not in names
    assert "refs/heads/main" in names


def test_a_reference_that_is_none_is_left_out(repository: Path):
    (repository / ".git/refs/heads/odd").write_text("password = hunter2\n")
    assert "refs/heads/odd" not in {name for name, _ in members(repository / ".git")}


def test_a_linked_work_tree_and_a_missing_folder_are_left_out_with_a_reason(repository: Path, tmp_path: Path):
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"))
    for place in (tmp_path / "linked/.git", tmp_path / "nothing"):
        with pytest.raises(LeftOutError, match="not a plain folder"):
            members(place)


def test_borrowed_objects_are_left_out_with_a_reason(repository: Path, tmp_path: Path):
    git(tmp_path, "clone", "-q", "--shared", str(repository), "borrower")
    with pytest.raises(LeftOutError, match="borrows"):
        members(tmp_path / "borrower/.git")


def test_a_history_above_the_limit_is_left_out_with_a_reason(repository: Path):
    pack = repository / ".git/objects/pack/pack-00.pack"
    with pack.open("wb") as file:
        file.truncate(gitdir.MAX_BYTES + 1)
    with pytest.raises(LeftOutError, match="larger"):
        members(repository / ".git")
