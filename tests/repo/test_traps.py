"""Repositories that are set up to run a program when git looks at them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.repository import Repository
from fakes.traps import FILES, HOOKS, KEYS, Trapped
from r1code.app.diffs import difference
from r1code.errors import StateError, UsageError
from r1code.repo.commits import filtered, head_time, other_than_head, subjects
from r1code.repo.git import Git
from r1code.tree.entry import Entry
from r1code.tree.patch import FileChange, Patch
from r1code.tree.store import Store

METHODS: dict[str, Callable[[Git, Store], object]] = {
    "find": lambda git, _: Git.find(git.root),
    "files": lambda git, _: git.files(),
    "ignored": lambda git, _: git.ignored(["tracked", "new", "deep/new"]),
    "head": lambda git, _: git.head(),
    "branch": lambda git, _: git.branch(),
    "dirty": lambda git, _: git.dirty(),
    "changes": lambda git, _: git.changes(),
    "diff": lambda git, _: difference(git),
    "filtered": lambda git, _: filtered(git, ["clean", "tracked"]),
    "subjects": lambda git, _: (subjects(git), head_time(git)),
    "other_than_head": lambda git, store: other_than_head(
        git, {one.path: (one.before,) for one in _patch(store).changes}, store
    ),
    "unified": lambda git, store: git.unified(_patch(store), store),
}


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
    assert trapped.what_fired() == set()


QUIET = """
URL=ssh://example.org/x
quiet() {
  git -c core.hooksPath=/dev/null -c core.fsmonitor= -c commit.gpgSign=false -c filter.process.process= \\
    -c submodule.recurse=false -c merge.verifySignatures=false -c diff.external= "$@"
}
commit() { quiet commit -q --allow-empty -m m "$@"; }
conflict() {
  quiet stash -q; quiet checkout -q -b side; echo a > tracked; commit tracked
  quiet checkout -q main; echo b > tracked; commit tracked
}
"""
CONTROLS = {
    "core.fsmonitor": "git status",
    "filter.clean.clean": "git diff clean",
    "filter.process.process": "git diff process",
    "filter.info.clean": "git diff info",
    "filter.everywhere.clean": "git diff everywhere",
    "filter.smudge.smudge": "git checkout smudge",
    "diff.external": "git diff tracked",
    "diff.command.command": "git diff command",
    "diff.textconv.textconv": "git -c log.showSignature=false log -p textconv",
    "difftool.trap.cmd": "git difftool -y tracked",
    "merge.trap.driver": "conflict; quiet merge side",
    "mergetool.trap.cmd": "conflict; quiet -c merge.trap.driver=false merge side; quiet mergetool -y",
    "core.editor": "quiet commit --allow-empty",
    "sequence.editor": "quiet stash -q; commit; quiet rebase -i HEAD~1",
    "gpg.openpgp.program": "quiet tag -s -m m t",
    "gpg.ssh.program": "quiet -c gpg.format=ssh -c user.signingKey=key::x commit -S --allow-empty -m m",
    "gpg.ssh.defaultKeyCommand": "quiet config --unset user.signingKey; quiet -c gpg.format=ssh tag -s -m m t",
    "gpg.x509.program": "git -c gpg.format=x509 tag -s -m m t",
    "core.sshCommand": "git ls-remote $URL",
    "core.gitProxy": "git ls-remote git://example.org/x",
    "credential.helper": "printf 'protocol=https\\nhost=localhost\\n\\n' | git credential fill",
    "core.askPass": "printf 'protocol=https\\nhost=localhost\\n\\n' | git credential fill",
    "credential.https://example.org.helper": "printf 'url=https://example.org\\n\\n' | git credential fill",
    "remote.origin.uploadpack": "git -c url.$PWD.insteadOf=$URL fetch",
    "remote.origin.receivepack": "quiet -c push.gpgSign=false -c url.$PWD.insteadOf=$URL push origin main",
    "trailer.sign.command": "echo m | git interpret-trailers --trailer sign=x",
    "trailer.other.cmd": "echo m | git interpret-trailers --trailer other=x",
    "browser.trap.cmd": "git web--browse -b trap http://localhost",
    "man.trap.cmd": "git help -m git",
    "alias.trap": "git trap",
    "hook pre-commit": "git -c core.fsmonitor= -c filter.process.process= commit --allow-empty -m m",
    "hook post-checkout": "git checkout tracked",
    "hook post-index-change": "quiet update-index --refresh; git -c core.fsmonitor= add tracked",
    "hook reference-transaction": "git branch fresh",
    "hook pre-rebase": "conflict; git -c core.fsmonitor= -c filter.process.process= rebase side",
    "hook pre-push": "git -c push.gpgSign=false push . HEAD:refs/heads/elsewhere",
    "hook pre-receive": "git -c push.gpgSign=false push --no-verify . HEAD:refs/heads/elsewhere",
    "hook fsmonitor-watchman": "git -c core.fsmonitor=.git/hooks/fsmonitor-watchman status",
}
"""What plain git is asked for, so that a trap is sprung."""


@pytest.mark.parametrize("name", CONTROLS)
def test_the_trap_is_real(name: str, trapped: Trapped):
    root = trapped.repository.root
    assert name in KEYS or name.removeprefix("hook ") in HOOKS
    trapped.spring(root / ".git" / "config")
    subprocess.run(
        ["sh", "-c", f"{QUIET}\n{CONTROLS[name]}"],
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert name in trapped.what_fired()


def test_a_trapped_repository_reads_as_usual(trapped: Trapped, tmp_path: Path):
    trapped.spring(trapped.repository.root / ".git" / "config")
    trapped.repository.git("config", "filter.clean.required", "true")
    git = Git.find(trapped.repository.root)
    assert git.files() == sorted([".gitattributes", *FILES])
    assert git.branch() == "main"
    assert git.dirty()
    store = Store(tmp_path / "store")
    assert "+new\n" in git.unified(_patch(store), store)


def test_missing_objects_are_not_fetched(trapped: Trapped):
    repository, command = trapped.repository, trapped.trap("ssh")
    repository.commit("a")
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    (repository.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": "ssh://example.org/x",
        "core.sshCommand": command,
    }.items():
        repository.git("config", key, value)
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
    trapped.repository.git("-C", "sub", "config", "core.fsmonitor", trapped.trap("fsmonitor"))
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
        file.write(f'[filter "a=b"]\n clean = {trapped.trap("clean")}\n')
    trapped.repository.write(".gitattributes", "* filter=a=b\n")
    os.utime(trapped.repository.root / "a", (1, 1))
    with pytest.raises(UsageError, match="cannot be switched off"):
        Git.find(trapped.repository.root).dirty()
    assert not trapped.fired.exists()
