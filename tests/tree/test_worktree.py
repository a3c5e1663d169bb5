from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fakes.trees import on_disk
from r1code.control import Control
from r1code.errors import Cancelled, StateError, ToolError
from r1code.tree.entry import Entry
from r1code.tree.patch import FileChange, Patch
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree


class Project:
    """A work tree of some files, among them a secret and links that lead in and out."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.outside = folder / "outside"
        self.store = Store(folder / "store")
        self.state = folder / "state"
        (self.root / "src" / "pkg").mkdir(parents=True)
        (self.root / ".git" / "hooks").mkdir(parents=True)
        self.outside.mkdir()
        (self.outside / "file").write_text("not ours")
        (self.root / ".git" / "config").write_text("[core]")
        (self.root / "src" / "pkg" / "main.py").write_text("main\n")
        (self.root / "src" / "run.sh").write_text("#!/bin/sh\n")
        (self.root / "src" / "run.sh").chmod(0o755)
        (self.root / "secret.txt").write_text("token")
        for name, target in {
            "out": self.outside,
            "out file": self.outside / "file",
            "up": "../outside/file",
            "to secret": "secret.txt",
            "to git": ".git/config",
            "alias.py": "src/pkg/main.py",
            "lib": "src/pkg",
            "loop": "pool",
            "pool": "loop",
            "dangling": "src/later.py",
        }.items():
            (self.root / name).symlink_to(target)
        self.tree = self.open()

    def open(self, root: Path | None = None) -> WorkTree:
        return WorkTree(
            root or self.root, Listing(self._list), self.store, state=self.state, hidden="secret.txt".__eq__
        )

    def _list(self) -> list[str]:
        return [path for path in [*on_disk(self.root), "deleted.py"] if path != "lib/main.py"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.mark.parametrize(
    ("path", "resolved"),
    [
        ("src/run.sh", "src/run.sh"),
        ("./src//pkg/../run.sh", "src/run.sh"),
        ("src/", "src"),
        (".", "."),
        ("new/file", "new/file"),
        ("alias.py", "src/pkg/main.py"),
        ("lib/main.py", "src/pkg/main.py"),
        ("lib", "src/pkg"),
        ("lib/new.py", "src/pkg/new.py"),
        ("dangling", "src/later.py"),
        (".gitignore", ".gitignore"),
        ("-x", "-x"),
        ("new\nline", "new\nline"),
    ],
)
def test_a_path_has_one_normal_form(path: str, resolved: str, project: Project):
    assert project.tree.resolve(path) == resolved
    assert project.tree.resolve(resolved) == resolved


def test_an_absolute_path_inside_is_fine(project: Project):
    assert project.tree.resolve(f"{project.root}/src/run.sh") == "src/run.sh"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/etc/passwd", "outside of the project"),
        ("../outside/file", "outside of the project"),
        ("src/../../outside/file", "outside of the project"),
        ("out/file", "outside of the project"),
        ("out", "outside of the project"),
        ("out file", "outside of the project"),
        ("up", "outside of the project"),
        ("out/new", "outside of the project"),
        (".git/config", "belongs to git"),
        ("src/.GIT/hooks/x", "belongs to git"),
        ("to git", "belongs to git"),
        ("secret.txt", "may hold secrets"),
        ("./src/../secret.txt", "may hold secrets"),
        ("to secret", "may hold secrets"),
        ("loop", "loop of links"),
        ("loop/x", "loop of links"),
        ("nul\0", "NUL"),
        ("", "empty"),
        (" ", "empty"),
    ],
)
def test_what_must_not_pass_is_refused_by_every_method(path: str, reason: str, project: Project):
    before = on_disk(project.root)
    for use in (
        project.tree.resolve,
        project.tree.read,
        project.tree.entry,
        lambda path: project.tree.write({path: b"x"}),
    ):
        with pytest.raises(ToolError, match=reason):
            use(path)
    assert on_disk(project.root) == before
    assert (project.outside / "file").read_text() == "not ours"


def test_hidden_and_missing_paths_are_not_listed(project: Project):
    listed = project.tree.paths()
    assert "secret.txt" not in listed
    assert "deleted.py" not in listed
    assert "src/pkg/main.py" in listed
    assert listed == sorted(listed)


def test_a_snapshot_has_no_secret_and_nothing_from_behind_a_link(project: Project):
    entries = project.tree.snapshot().entries
    assert sorted(entries) == project.tree.paths()
    assert entries["out"].kind == "link"


def test_a_missing_file_is_answered_with_similar_paths(project: Project):
    with pytest.raises(ToolError, match=r"pkg/mian\.py does not exist\. Similar paths: src/pkg/main\.py, "):
        project.tree.read("pkg/mian.py")
    with pytest.raises(ToolError, match="List the files"):
        project.tree.read("zzzzzzzz")


def test_a_secret_is_never_suggested(project: Project):
    with pytest.raises(ToolError) as raised:
        project.tree.read("secret.txd")
    assert "secret.txt" not in str(raised.value)


def test_a_folder_and_a_pipe_are_not_read(project: Project):
    with pytest.raises(ToolError, match="is a folder"):
        project.tree.read("src")
    with pytest.raises(ToolError, match="is a folder"):
        project.tree.read(".")
    os.mkfifo(project.root / "pipe")
    with pytest.raises(ToolError, match="cannot be read"):
        project.tree.read("pipe")


def test_a_write_keeps_modes_and_reports_what_changed(project: Project):
    before = project.tree.snapshot()
    patch = project.tree.write({"src/run.sh": b"new\n", "./src/deep/new.py": b"n\n", "alias.py": b"aliased\n"})
    assert patch.paths == ("src/deep/new.py", "src/pkg/main.py", "src/run.sh")
    assert on_disk(project.root)["src/run.sh"] == ("file", 0o755, b"new\n")
    assert on_disk(project.root)["src/deep/new.py"] == ("file", 0o644, b"n\n")
    assert (project.root / "alias.py").is_symlink()
    after = project.tree.snapshot()
    assert before.diff(after) == patch
    project.tree.apply(patch.inverse())
    assert project.tree.snapshot() == before
    assert not (project.root / "src" / "deep").exists()


def test_a_write_of_the_same_content_changes_nothing(project: Project):
    assert not project.tree.write({"src/pkg/main.py": b"main\n"})


def test_deleting_a_link_leaves_its_target(project: Project):
    assert project.tree.write({"alias.py": None, "out": None}).paths == ("alias.py", "out")
    assert (project.root / "src" / "pkg" / "main.py").exists()
    assert (project.outside / "file").exists()


@pytest.mark.parametrize(
    ("path", "data", "reason"),
    [
        ("missing.py", None, "cannot be deleted"),
        ("src", None, "is a folder"),
        ("src", b"x", "is a folder"),
        ("src/run.sh/x", b"x", "src/run.sh is a file"),
    ],
)
def test_a_change_that_cannot_be_leaves_the_others_undone(
    path: str, data: bytes | None, reason: str, project: Project
):
    before = on_disk(project.root)
    with pytest.raises(ToolError, match=reason):
        project.tree.write({"src/pkg/main.py": b"changed", path: data})
    assert on_disk(project.root) == before


def test_two_names_of_one_file_are_not_changed_at_once(project: Project):
    with pytest.raises(ToolError, match="the same file"):
        project.tree.write({"alias.py": b"one", "src/pkg/main.py": b"two"})


def test_a_patch_from_elsewhere_may_not_touch_secrets_or_git(project: Project):
    entry = Entry(kind="file", mode=0o644, digest=project.store.put(b"x"))
    for path, error in (("secret.txt", ToolError), (".git/hooks/pre-commit", StateError), ("../x", StateError)):
        with pytest.raises(error):
            project.tree.apply(Patch.of([FileChange(path=path, before=None, after=entry)]))
    assert (project.root / "secret.txt").read_text() == "token"
    assert list((project.root / ".git" / "hooks").iterdir()) == []


def test_one_tree_has_one_user_at_a_time_however_it_is_reached(project: Project, tmp_path: Path):
    (tmp_path / "alias").symlink_to(project.root)
    other = project.open(tmp_path / "alias")
    with project.tree.locked(Control()), pytest.raises(StateError, match="another r1code works in"):
        other.locked(Control()).__enter__()
    with other.locked(Control()):
        pass


def test_another_process_is_kept_out_until_it_dies(project: Project):
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from r1code.control import Control\nfrom r1code.tree.store import Store\n"
        "from r1code.tree.scan import Listing\nfrom r1code.tree.worktree import WorkTree\n"
        "root, state = map(Path, sys.argv[1:])\n"
        "tree = WorkTree(root, Listing(list), Store(Path('x')), state=state, hidden=bool)\n"
        "with tree.locked(Control()):\n print('held', flush=True)\n time.sleep(60)\n"
    )
    command = [sys.executable, "-P", "-c", script, str(project.root), str(project.state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StateError, match="another r1code works in"):
            project.tree.locked(Control()).__enter__()
        holder.kill()
    with project.tree.locked(Control()):
        pass


def test_a_lock_may_be_given_back_by_another_thread(project: Project):
    lock = project.tree.locked(Control())
    lock.__enter__()
    thread = threading.Thread(target=lambda: lock.__exit__(None, None, None))
    thread.start()
    thread.join()
    with project.open().locked(Control()):
        pass


def test_a_cancelled_turn_takes_no_lock(project: Project):
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        project.tree.locked(control).__enter__()
