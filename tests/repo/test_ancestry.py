from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from r1code.errors import UsageError
from r1code.repo.ancestry import Ancestry
from r1code.repo.git import Git
from r1code.tree.store import Store

GIT = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"]


def git(root: Path, *arguments: str) -> str:
    return subprocess.run([*GIT, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def save(root: Path, files: dict[str, str], subject: str) -> str:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-qm", subject, "--allow-empty")
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    save(root, {"a.py": "1\n", ".env": "KEY=1\n"}, "first")
    return root


def ancestry(root: Path, tmp_path: Path) -> Ancestry:
    return Ancestry(Git.find(root), Store(tmp_path / "store"), lambda path: path == ".env")


def test_steps_follow_the_first_parents_and_name_what_each_changed(root: Path, tmp_path: Path) -> None:
    good = save(root, {}, "good")
    git(root, "checkout", "-qb", "side")
    save(root, {"side.py": "1\n", ".env": "KEY=2\n"}, "side")
    git(root, "checkout", "-q", "main")
    save(root, {"a.py": "2\n", "näme.py": "x\n"}, "two")
    git(root, "merge", "-q", "--no-ff", "-m", "merge", "side")
    span = ancestry(root, tmp_path).span(f"{good}..HEAD")
    assert [(step.subject, step.paths) for step in span.steps] == [
        ("two", ("a.py", "näme.py")),
        ("merge", ("side.py",)),
    ]
    assert (span.good, span.bad) == (good, git(root, "rev-parse", "HEAD"))


def test_the_tree_of_a_commit_has_its_files_links_and_modes_and_nothing_hidden(
    root: Path, tmp_path: Path
) -> None:
    (root / "link").symlink_to("a.py")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    commit = save(root, {"b/c.py": "3\n"}, "more")
    save(root, {"a.py": "changed\n"}, "later")
    snapshot = ancestry(root, tmp_path).snapshot(commit)
    store = Store(tmp_path / "store")
    found = {path: (one.kind, one.mode, store.get(one.digest)) for path, one in snapshot.entries.items()}
    assert found == {
        "a.py": ("file", 0o644, b"1\n"),
        "b/c.py": ("file", 0o644, b"3\n"),
        "link": ("link", 0o777, b"a.py"),
        "run.sh": ("file", 0o755, b"#!/bin/sh\n"),
    }


def test_a_shallow_clone_names_the_fetch_that_helps(root: Path, tmp_path: Path) -> None:
    good = git(root, "rev-parse", "HEAD")
    for number in range(3):
        save(root, {"a.py": f"x{number}\n"}, str(number))
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{root}", "shallow")
    found = ancestry(tmp_path / "shallow", tmp_path)
    assert found.is_shallow
    with pytest.raises(UsageError) as raised:
        found.span(f"{good}..HEAD")
    assert "git fetch --unshallow" in raised.value.hint
    assert [step.subject for step in found.span("HEAD~1..HEAD").steps] == ["2"]


def test_a_repository_that_would_run_programs_runs_none(root: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    good = git(root, "rev-parse", "HEAD")
    save(root, {"a.py": "2\n", ".gitattributes": "*.py diff=evil filter=evil\n"}, "two")
    for key in (
        "diff.evil.textconv",
        "diff.evil.command",
        "filter.evil.smudge",
        "diff.external",
        "core.fsmonitor",
    ):
        git(root, "config", key, f"touch {mark};cat")
    found = ancestry(root, tmp_path)
    span = found.span(f"{good}..HEAD")
    found.shown(span.bad)
    found.snapshot(span.bad)
    assert not mark.exists()
