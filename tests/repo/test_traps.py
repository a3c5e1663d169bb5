"""Repositories that are set up to run a program when git looks at them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.repository import Repository
from r1code.errors import StateError, UsageError
from r1code.repo.git import Git
from r1code.tree.entry import Entry
from r1code.tree.patch import FileChange, Patch
from r1code.tree.store import Store

KEYS = (
    "core.fsmonitor",
    "core.pager",
    "pager.status",
    "pager.ls-files",
    "core.editor",
    "core.sshCommand",
    "core.askPass",
    "core.gitProxy",
    "core.alternateRefsCommand",
    "credential.helper",
    "credential.https://example.org.helper",
    "gpg.program",
    "gpg.ssh.program",
    "diff.external",
    "diff.trap.command",
    "diff.trap.textconv",
    "filter.trap.clean",
    "filter.trap.smudge",
    "filter.trap.process",
    "filter.Other Trap.clean",
    "merge.trap.driver",
    "interactive.diffFilter",
    "sequence.editor",
    "uploadpack.packObjectsHook",
    "remote.origin.uploadpack",
    "trailer.sign.command",
    "alias.status",
    "alias.ls-files",
    "alias.rev-parse",
    "alias.check-ignore",
    "alias.diff-tree",
    "alias.fast-import",
)

METHODS: dict[str, Callable[[Git, Store], object]] = {
    "find": lambda git, _: Git.find(git.root),
    "files": lambda git, _: git.files(),
    "ignored": lambda git, _: git.ignored(["tracked", "new", "deep/new"]),
    "head": lambda git, _: git.head(),
    "branch": lambda git, _: git.branch(),
    "dirty": lambda git, _: git.dirty(),
    "unified": lambda git, store: git.unified(_patch(store), store),
}


class Trapped:
    def __init__(self, repository: Repository, traps: Path) -> None:
        traps.mkdir()
        self.repository = repository
        self.fired = traps / "fired"
        self._script = traps / "trap"
        self._script.write_text(
            f'#!/bin/sh\nprintf "%s " "$@" >> "{self.fired}"\necho hit >> "{self.fired}"\ncat\n'
        )
        self._script.chmod(0o755)
        self.command = str(self._script)

    def spring(self, config: Path) -> None:
        """Sets every key in `config`, and leaves files that git has to look into."""
        self.repository.write(".gitattributes", "* filter=trap diff=trap merge=trap\nother filter='Other Trap'\n")
        self.repository.commit("tracked", "other", "deep/tracked")
        for key in KEYS:
            value = f"!{self.command}" if key.startswith("alias.") else self.command
            self.repository.git("config", "--file", str(config), key, value)
        hooks = self.repository.root / ".git" / "hooks"
        for hook in (
            "post-index-change",
            "post-checkout",
            "pre-commit",
            "fsmonitor-watchman",
            "reference-transaction",
        ):
            (hooks / hook).symlink_to(self._script)
        self.repository.git("config", "--file", str(config), "core.hooksPath", str(hooks))
        self.fired.unlink(missing_ok=True)
        # The same size as before, so only the content can tell.
        for path in ("tracked", "other", "deep/tracked"):
            self.repository.write(path, "TEXT\n")
            os.utime(self.repository.root / path, (1, 1))


def _patch(store: Store) -> Patch:
    old, new = store.put(b"old\n"), store.put(b"new\n")
    attributes = store.put(b"* filter=trap diff=trap -text\n")
    return Patch.of(
        FileChange(
            path=path,
            before=Entry(kind="file", mode=0o644, digest=before) if before else None,
            after=Entry(kind="file", mode=0o644, digest=after),
        )
        for path, before, after in ((".gitattributes", "", attributes), ("tracked", old, new), ("new", "", new))
    )


@pytest.fixture
def trapped(repository: Repository, tmp_path: Path) -> Trapped:
    return Trapped(repository, tmp_path / "traps")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("where", ["repository", "person"])
def test_no_method_springs_a_trap(method: str, where: str, trapped: Trapped, tmp_path: Path):
    root = trapped.repository.root
    trapped.spring(root / ".git" / "config" if where == "repository" else Path.home() / ".gitconfig")
    METHODS[method](Git(root), Store(tmp_path / "store"))
    assert not trapped.fired.exists(), trapped.fired.read_text()


@pytest.mark.parametrize("command", [["status"], ["diff"], ["ls-files", "-m"]])
def test_the_traps_are_real(command: list[str], trapped: Trapped):
    trapped.spring(trapped.repository.root / ".git" / "config")
    trapped.repository.git(*command, check=False)
    assert trapped.fired.exists()


def test_a_trapped_repository_reads_as_usual(trapped: Trapped, tmp_path: Path):
    trapped.spring(trapped.repository.root / ".git" / "config")
    git = Git.find(trapped.repository.root)
    assert git.files() == [".gitattributes", "deep/tracked", "other", "tracked"]
    assert git.branch() == "main"
    assert git.dirty()
    store = Store(tmp_path / "store")
    assert "+new\n" in git.unified(_patch(store), store)


def test_missing_objects_are_not_fetched(trapped: Trapped):
    repository = trapped.repository
    repository.commit("a")
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    (repository.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": "ssh://example.org/x",
        "core.sshCommand": trapped.command,
    }.items():
        repository.git("config", key, value)
    Path(trapped.command).write_text(f'#!/bin/sh\necho hit >> "{trapped.fired}"\nexit 1\n')
    git = Git.find(repository.root)
    git.files()
    git.head()
    with pytest.raises(StateError, match="could not compare"):
        git.dirty()
    assert not trapped.fired.exists()
    repository.git("status", check=False)
    assert trapped.fired.exists(), "the trap is not real"


def test_a_submodules_own_traps_stay_quiet(trapped: Trapped, tmp_path: Path):
    other = Repository(tmp_path / "other")
    other.commit("theirs")
    trapped.repository.commit("ours")
    trapped.repository.git("submodule", "--quiet", "add", str(other.root), "sub")
    trapped.repository.commit()
    trapped.repository.git("-C", "sub", "config", "core.fsmonitor", trapped.command)
    git = Git.find(trapped.repository.root)
    for method in METHODS.values():
        method(git, Store(tmp_path / "store"))
    assert not trapped.fired.exists()
    trapped.repository.git("status")
    assert trapped.fired.exists(), "the trap is not real"


def test_a_filter_that_cannot_be_switched_off_is_refused(trapped: Trapped):
    trapped.repository.commit("a")
    config = trapped.repository.root / ".git" / "config"
    with config.open("a") as file:
        file.write(f'[filter "a=b"]\n clean = {trapped.command}\n')
    trapped.repository.write(".gitattributes", "* filter=a=b\n")
    os.utime(trapped.repository.root / "a", (1, 1))
    with pytest.raises(UsageError, match="cannot be switched off"):
        Git.find(trapped.repository.root).dirty()
    assert not trapped.fired.exists()
