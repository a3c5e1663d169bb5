"""What r1code writes into a repository: commits of chosen paths, and new branches. Nothing else is touched.

No hook, filter or signing program runs here, and nothing is ever pushed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from r1code.errors import StateError, UsageError
from r1code.repo.draft import Draft, Staged
from r1code.repo.git import Git
from r1code.repo.plumbing import checked
from r1code.tree.entry import Entry
from r1code.tree.store import Store

_UNDER_WAY = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase or `git am`",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "sequencer": "cherry-pick or revert",
    "BISECT_LOG": "bisect",
}
_SUBJECTS = 50
_UTF8 = ["i18n.commitEncoding=UTF-8"]


class Person(Struct, frozen=True, kw_only=True):
    name: str
    mail: str

    def env(self, role: str) -> dict[str, str]:
        """Makes git take the person as the author or the committer."""
        return {f"GIT_{role.upper()}_NAME": self.name, f"GIT_{role.upper()}_EMAIL": self.mail}


class People(Struct, frozen=True, kw_only=True):
    author: Person
    committer: Person

    @property
    def env(self) -> dict[str, str]:
        return self.author.env("author") | self.committer.env("committer")


def who(git: Git, environ: Mapping[str, str] = os.environ) -> People:
    """Who the person is, by their git configuration. Raises UsageError where it does not say."""
    return People(author=_person(git, "author", environ), committer=_person(git, "committer", environ))


def _person(git: Git, role: str, environ: Mapping[str, str]) -> Person:
    name, mail = (
        environ.get(f"GIT_{role.upper()}_{key.upper()}") or git.value(f"{role}.{key}") or git.value(f"user.{key}")
        for key in ("name", "email")
    )
    if not (name and name.strip() and mail and mail.strip()):
        raise UsageError(
            "git does not know who you are",
            why=f"user.{'email' if name else 'name'} is not set, and a commit names its {role}",
            hint="git config --global user.name 'Your Name' && git config --global user.email you@example.org",
        )
    return Person(name=name, mail=mail)


def refuse_under_way(git: Git, doing: str) -> None:
    """Raises UsageError in the middle of a merge, rebase and their like."""
    folder = git.place(".")
    for name, what in _UNDER_WAY.items():
        if os.path.lexists(folder / name):
            raise UsageError(
                f"{doing} has to wait",
                why=f"a {what} is under way",
                hint="`git status` says how to end or abort it",
            )
    unmerged = git.ask(["ls-files", "-u", "-z"], "list conflicts").names
    if unmerged:
        path = unmerged[0].partition("\t")[2]
        raise UsageError(
            f"{doing} has to wait", why=f"{path!r} has a conflict", hint="resolve it, and `git add` the file"
        )


def filtered(git: Git, paths: Sequence[str]) -> list[str]:
    """Those of `paths` whose content a program changes on its way into git: a filter that is configured."""
    known = git.named("filter")
    asked = b"".join(b"%s\0" % os.fsencode(path) for path in paths)
    ran = checked(git.run(["check-attr", "-z", "--stdin", "filter"], stdin=asked), "read the attributes")
    # Three for each: path, attribute, value. All of them are there, though a value may be empty.
    told = [os.fsdecode(one) for one in ran.output.split(b"\0")]
    return [path for path, value in zip(told[::3], told[2::3], strict=False) if value in known]


def subjects(git: Git) -> list[str]:
    """The first lines of the last commits' messages, newest first."""
    if git.head() is None:
        return []
    arguments = ["log", f"-{_SUBJECTS}", "-z", "--format=%s", "--no-show-signature", "--no-notes", "--no-mailmap"]
    ran = checked(git.run(arguments, config=["i18n.logOutputEncoding=UTF-8"]), "read the history")
    return [line.decode(errors="replace") for line in ran.output.split(b"\0") if line]


def other_than_head(git: Git, entries: Mapping[str, Sequence[Entry | None]], store: Store) -> set[str]:
    """The paths where the commit that is checked out has none of the `entries`, which are tried in order.

    Filters do not count, line ends are converted.
    """
    head, config = _committed(git), git.disarmed()
    has_modes = git.switch("core.fileMode", default=True)

    def is_same(staged: Staged | None, entry: Entry | None) -> bool:
        if staged is None or entry is None:
            return (staged is None) == (entry is None)
        is_link = entry.kind == "link"
        if (staged.mode == "120000") != is_link:
            return False
        if has_modes and not is_link and (staged.mode == "100755") != bool(entry.mode & 0o100):
            return False
        how = ["--no-filters"] if is_link else [f"--path={staged.path}"]
        ran = git.run(["hash-object", "--stdin", *how], config=config, stdin=store.get(entry.digest))
        return checked(ran, "name a content").output.decode().strip() == staged.name

    return {path for path, some in entries.items() if not any(is_same(head.get(path), one) for one in some)}


def _committed(git: Git) -> dict[str, Staged]:
    if git.head() is None:
        return {}
    rows = git.ask(["ls-tree", "-r", "-z", "--full-tree", "HEAD"], "list the files of the last commit").names
    told = [(row.partition("\t")[2], row.partition("\t")[0].split(" ")) for row in rows]
    return {path: Staged(path=path, mode=words[0], name=words[2]) for path, words in told}


def head_time(git: Git) -> float:
    """When the commit that is checked out was made, in seconds since the epoch; 0 before the first one."""
    if git.head() is None:
        return 0.0
    arguments = ["log", "-1", "--format=%ct", "--no-show-signature"]
    return float(git.ask(arguments, "read the last commit").output.decode())


def is_kept(git: Git, commit: str) -> bool:
    """Whether the commit is part of what is checked out."""
    return git.run(["merge-base", "--is-ancestor", commit, "HEAD"]).code == 0


class Making:
    """A commit in the making, while the person's index is locked. Made by `making`."""

    def __init__(self, git: Git, draft: Draft, parent: str | None, people: People, *, index: _Index) -> None:
        self._git = git
        self._people = people
        self._index = index
        self._base = draft.empty_tree() if parent is None else f"{parent}^{{tree}}"
        self.draft = draft
        self.parent = parent

    @property
    def env(self) -> dict[str, str]:
        """What git tells its hooks."""
        return {**self.draft.env, **self._people.author.env("author")}

    @property
    def changes(self) -> list[Staged]:
        """What the commit would change."""
        return self.draft.changes(self._base, self.draft.tree())

    def finish(self, message: str) -> str:
        """Makes the commit, moves the branch to it, and lets the person's index know of its paths.

        Raises StateError, with the branch where it was.
        """
        changes = self.changes
        parents = [] if self.parent is None else ["-p", self.parent]
        arguments = ["commit-tree", "--no-gpg-sign", *parents, "-F", "-", self.draft.tree()]
        env = self._people.env
        data = message.encode("utf-8", "surrogateescape")
        made = checked(self._git.run(arguments, config=_UTF8, env=env, stdin=data), "make the commit")
        commit = made.output.decode().strip()
        self._index.prepare(changes)
        reason = f"commit{' (initial)' if self.parent is None else ''}: {message.partition(chr(10))[0]}"
        update = ["update-ref", "-m", reason, "HEAD", commit, self.parent or self.draft.nothing]
        moved = self._git.run(update, config=self._git.disarmed(), env=env)
        if moved.code:
            raise StateError(
                "the commit was not made",
                why=f"the branch is not where it was a moment ago, or is locked: {moved.error.strip()}",
                hint="look at `git log`, then try again",
            )
        self._index.land()
        return commit


@contextmanager
def making(git: Git, paths: Iterable[str], people: People) -> Generator[Making, None, None]:
    """A commit of the paths as they are in the work tree, on top of HEAD. Raises StateError.

    What else is changed or staged stays exactly as it is.
    """
    with tempfile.TemporaryDirectory(prefix="r1code-") as name, _locked(git) as lock:
        folder = Path(name)
        (folder / "draft").mkdir()
        (folder / "next").mkdir()
        parent = git.head()
        draft = Draft(git, folder / "draft")
        draft.read(parent)
        draft.add(paths)
        yield Making(git, draft, parent, people, index=_Index(git, lock, folder / "next"))


class _Index:
    """The person's index, as it will be when the commit is made."""

    def __init__(self, git: Git, lock: Path, folder: Path) -> None:
        self._git = git
        self._lock = lock
        self._index = lock.with_suffix("")
        self._folder = folder

    def prepare(self, changes: Iterable[Staged]) -> None:
        draft = Draft(self._git, self._folder)
        fresh = self._folder / "index"
        if self._index.exists():
            shutil.copy2(self._index, fresh)
        draft.put(changes)
        draft.refresh()
        if fresh.exists():
            with fresh.open("rb") as source, self._lock.open("wb") as target:
                shutil.copyfileobj(source, target)
                target.flush()
                os.fsync(target.fileno())
            # See Draft.read: its time is part of what it says.
            os.utime(self._lock, ns=(fresh.stat().st_atime_ns, fresh.stat().st_mtime_ns))

    def land(self) -> None:
        self._lock.replace(self._index)


@contextmanager
def _locked(git: Git) -> Generator[Path, None, None]:
    """Holds the lock of the index as git does: a file beside it, which becomes the next index."""
    index = git.place("index").resolve()
    lock = index.with_name(f"{index.name}.lock")
    try:
        with lock.open("xb") as file:
            if index.exists():
                os.fchmod(file.fileno(), index.stat().st_mode & 0o777)
    except FileExistsError as error:
        raise StateError(
            "the index of the repository is locked",
            why=f"{lock} exists: another git is at work, or one was killed",
            hint="wait for it; if no git runs, remove that file",
        ) from error
    except OSError as error:
        raise StateError(
            "the repository cannot be written", why=str(error), hint="look at the permissions of its .git"
        ) from error
    try:
        yield lock
    finally:
        with suppress(FileNotFoundError):
            lock.unlink()


def create_branch(git: Git, name: str) -> None:
    """Makes a branch at HEAD and switches to it; work tree and index stay. Raises UsageError and StateError."""
    refuse_name(git, name)
    refuse_under_way(git, "a new branch")
    head = git.head()
    reference, disarmed = f"refs/heads/{name}", git.disarmed()
    if head is not None:
        create = ["update-ref", "-m", "branch: Created from HEAD", reference, head, ""]
        made = git.run(create, config=disarmed)
        if made.code:
            raise StateError(
                f"the branch {name} was not made", why=made.error.strip(), hint="`git branch` lists what there is"
            )
    before = git.branch() or head or ""
    git.ask(
        ["symbolic-ref", "-m", f"checkout: moving from {before} to {name}", "HEAD", reference],
        f"switch to {name}",
        config=disarmed,
    )


def refuse_name(git: Git, name: str) -> None:
    """Raises UsageError for what cannot be the name of a new branch."""
    valid = git.run(["check-ref-format", f"refs/heads/{name}"]).code == 0
    if not valid or name.startswith("-") or name in {"HEAD", "@"}:
        raise UsageError(
            f"{name!r} cannot be the name of a branch",
            why="git allows no spaces, no `..`, none of ~^:?*[\\, no dash in front, and no `.lock` at the end",
            hint="use letters, digits, dashes and slashes",
        )
    taken = git.run(["show-ref", "--verify", "--quiet", f"refs/heads/{name}"]).code == 0
    if taken or name == git.branch():
        raise UsageError(
            f"there is a branch {name} already",
            why="r1code only makes new branches",
            hint=f"choose another name, or `git switch {name}` yourself",
        )
