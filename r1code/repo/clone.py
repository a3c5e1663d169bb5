"""A fresh repository with one commit of another one checked out, and what led to it; nothing that came later.

Nothing that the other repository's configuration, attributes or hooks name runs, and submodules stay empty.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from r1code.errors import UsageError
from r1code.repo.git import Git
from r1code.repo.plumbing import checked, run

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_WHO = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    # The same tree gets the same commit, whenever it is made.
    for what, value in (("NAME", "r1code"), ("EMAIL", "r1code@localhost"), ("DATE", "2000-01-01T00:00:00Z"))
}
_BASE = "base"
_FETCHED = "refs/r1code/base"
_NO_SUCH = frozenset({1})
_DOES_NOT_FIT = frozenset({1, 128})
"""What git ends with; anything else is a signal, or there is no git."""


def resolve(source: Path, commit: str) -> str:
    """The full hash of what `source` calls `commit`; empty, for a folder that is no repository.

    Raises UsageError where there is no such commit, and StateError.
    """
    if not is_repository(source):
        if commit:
            raise _no_commit(str(source), commit, "it is not the top folder of a git repository")
        return ""
    own = source / ".git"
    ran = run(
        source,
        ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit or 'HEAD'}^{{commit}}"],
        # A bare one is used only where it is named.
        env={} if os.path.lexists(own) else {"GIT_DIR": str(source)},
    )
    if ran.code in _NO_SUCH:
        raise _no_commit(str(source), commit or "HEAD", "git knows no commit of that name there")
    checked(ran, f"look for {commit or 'HEAD'}")
    return ran.output.decode().split()[-1]


def is_repository(folder: Path) -> bool:
    """Whether `folder` is the top of a repository, bare ones included; not one that lies in another's tree."""
    return os.path.lexists(folder / ".git") or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


def clone_at(source: str, commit: str, folder: Path, *, remote: bool = False) -> Git:
    """Makes the empty `folder` a repository with `commit` of `source` checked out. Raises StateError, UsageError.

    `source`: a folder, or with `remote` a URL of the protocols https and file. `commit`: a full hash.
    """
    if not _HASH.fullmatch(commit):
        raise _no_commit(source, commit, "a full hash is needed")
    git = _fresh(folder)
    protocol = source.partition("://")[0] if remote else "file"
    config = [f"protocol.{protocol}.allow=always", "transfer.credentialsInUrl=die"]
    # Without the names of other branches: what somebody did about the bug later is not to be found.
    arguments = [
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--update-shallow",
    ]
    place = source if remote else str(Path(source).resolve())
    ran = git.run(
        [*arguments, "--end-of-options", place, f"{commit}:{_FETCHED}"],
        config=config,
        env={"GIT_ALLOW_PROTOCOL": protocol},
    )
    checked(ran, f"fetch {commit[:12]}")
    ran = git.run(["checkout", "--quiet", "-B", _BASE, _FETCHED, "--"], config=git.disarmed())
    checked(ran, f"check out {commit[:12]}")
    return git


def copy_of(source: Path, folder: Path, leave_out: Sequence[str] = ()) -> Git:
    """As `clone_at`, of a folder that is in no repository: its files but some, as a first commit.

    Links stay links; anything that is no file, folder or link is left out.
    """
    git = _fresh(folder)
    shutil.copytree(source, folder, symlinks=True, ignore=_strange, dirs_exist_ok=True)
    _remove(git.root, leave_out)
    keep(git, "base")
    return git


def without(git: Git, names: Sequence[str]) -> None:
    """Takes files and folders away, and commits that; they stay in the history. Raises StateError."""
    _remove(git.root, names)
    keep(git, "left out")


def _remove(root: Path, names: Sequence[str]) -> None:
    for name in names:
        place = root / name
        # Nothing behind a link is ours.
        if place.parent.resolve() != place.parent:
            continue
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


def patched(git: Git, text: str, message: str) -> None:
    """Applies a diff and commits it. Raises UsageError where it does not fit, and StateError."""
    config = git.disarmed()
    data = text.encode("utf-8", "surrogateescape")
    ran = git.run(["apply", "--index", "--whitespace=nowarn", "-"], config=config, stdin=data)
    if ran.code in _DOES_NOT_FIT:
        why = ran.error.strip().partition("\n")[0].removeprefix("error: ")
        raise UsageError(
            "a patch does not fit its task's commit",
            why=why,
            hint="correct `patch` or `commit` of that task",
        )
    checked(ran, "apply a patch")
    keep(git, message)


def keep(git: Git, message: str) -> None:
    """Commits all that is in the work tree, ignored files too. Raises StateError."""
    config = git.disarmed()
    checked(git.run(["add", "--all", "--force"], config=config), "read the files")
    arguments = ["commit", "--quiet", "--no-verify", "--no-gpg-sign", "--allow-empty", "-m", message]
    checked(git.run(arguments, config=config, env=_WHO), "commit the files")


def change_since(git: Git, revision: str) -> str:
    """All that was committed since `revision`, as a diff that `git apply` takes. Raises StateError."""
    arguments = ["diff", "--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--no-renames"]
    ran = git.run([*arguments, "--end-of-options", revision, "HEAD"], config=git.disarmed())
    return checked(ran, "compare two commits").output.decode("utf-8", "surrogateescape")


def _fresh(folder: Path) -> Git:
    folder.mkdir(parents=True, exist_ok=True)
    checked(run(folder, ["init", "--quiet", "--template=", "-b", _BASE]), "make a repository")
    return Git(folder.resolve())


def _strange(folder: str, names: list[str]) -> set[str]:
    """What a copy leaves out: repositories' own folders, devices, pipes and sockets."""
    kinds = {name: (Path(folder) / name).lstat().st_mode for name in names}
    known = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
    return {name for name, mode in kinds.items() if name == ".git" or not any(is_a(mode) for is_a in known)}


def _no_commit(source: str, commit: str, why: str) -> UsageError:
    return UsageError(f"there is no commit {commit!r} in {source}", why=why, hint="correct `commit` of that task")
