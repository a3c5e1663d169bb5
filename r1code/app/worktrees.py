"""Tasks in a linked git worktree of their own, so that a person can go on working in theirs."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shlex
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from r1code.app.tree import held, open_tree
from r1code.control import Control
from r1code.errors import StateError, UsageError
from r1code.naming import first_of
from r1code.repo.commits import refuse_name
from r1code.repo.git import Git
from r1code.repo.revision import commit_of
from r1code.repo.worktrees import Linked, add_worktree, ahead, remove_branch, remove_worktree, worktrees
from r1code.secrets.scan import PLACEHOLDER

Say = Callable[[str], None]

PREFIX = "r1code/"
"""Of the branches."""
_MOST_LETTERS = 32


class Ours(Struct, frozen=True, kw_only=True):
    """A worktree that r1code made."""

    name: str
    folder: Path
    branch: str | None
    """None: HEAD is detached there."""
    dirty: int
    """Paths that are changed and not committed; -1: the folder is gone."""
    ahead: int
    """Commits that the branch has and the person's own HEAD has not."""

    def __str__(self) -> str:
        if self.dirty < 0:
            state = "its folder is gone"
        else:
            state = f"{_count(self.ahead, 'commit')}, {self.dirty} uncommitted"
        return f"{self.name}  {state}  {self.branch or '(detached)'}  {self.folder}"


class Worktrees:
    """Of one repository, whichever of its work trees `git` is. Methods raise UsageError and StateError."""

    def __init__(self, git: Git, state: Path) -> None:
        if not git.is_repository:
            raise UsageError(
                "there can be no worktree",
                why=f"{git.root} is in no git repository",
                hint="run `git init` there and commit, or leave out --worktree",
            )
        self._git = git
        self._state = state
        common = git.ask(["rev-parse", "--path-format=absolute", "--git-common-dir"], "find its folder").output
        self._folder = state.resolve() / "worktrees" / hashlib.sha256(common).hexdigest()[:16]

    def create(self, name: str, task: str, say: Say, at: str = "HEAD") -> Git:
        """A new worktree of the commit `at`. Without a name it gets one after the task."""
        if self._git.head() is None:
            raise UsageError(
                "there can be no worktree yet",
                why="the repository has no commit, and a worktree starts from one",
                hint="commit first, or leave out --worktree",
            )
        chosen = name or f"{_slug(task)}-{secrets.token_hex(2)}"
        branch = f"{PREFIX}{chosen}"
        folder = self._folder / chosen
        if "/" in chosen or chosen.startswith("."):
            raise UsageError(
                f"{chosen!r} cannot be the name of a worktree",
                why="its folder has the same name",
                hint="use letters, digits and dashes",
            )
        refuse_name(self._git, branch)
        if os.path.lexists(folder):
            raise UsageError(
                f"there is a worktree {chosen} already",
                why=f"{folder} exists",
                hint=f"r1code worktree remove {chosen}, or choose another name",
            )
        commit = commit_of(self._git, at)
        if commit is None:
            raise UsageError(
                f"there is no {at!r} here",
                why="git knows no commit, branch or tag of that name",
                hint="`git log --oneline --all` shows what there is",
            )
        dirty = [] if self._git.is_bare or at != "HEAD" else self._git.dirty()
        self._folder.mkdir(parents=True, exist_ok=True)
        add_worktree(self._git, folder, branch, commit)
        say(f"working in a worktree of its own, on the branch {branch}: {folder}")
        if dirty:
            say(f"uncommitted changes are not in it: {first_of(dirty)}")
        return Git.find(folder)

    def list(self) -> list[Ours]:
        """Those that r1code made, by name."""
        return [self._look(one) for one in self._linked()]

    def find(self, name: str) -> Ours:
        for one in self._linked():
            if one.folder.name == name:
                return self._look(one)
        raise UsageError(
            f"there is no worktree {name!r}",
            why="r1code made none of that name here",
            hint="r1code worktree list",
        )

    def _linked(self) -> Sequence[Linked]:
        ours = [one for one in worktrees(self._git) if one.folder.parent == self._folder]
        return sorted(ours, key=lambda one: one.folder)

    def _look(self, one: Linked) -> Ours:
        is_there = (one.folder / ".git").exists()
        return Ours(
            name=one.folder.name,
            folder=one.folder,
            branch=one.branch,
            dirty=len(Git.find(one.folder).changes()) if is_there else -1,
            ahead=ahead(self._git, one.branch) if one.branch else 0,
        )

    def remove(self, name: str, control: Control, say: Say, *, force: bool = False) -> None:
        """Removes the folder, what r1code noted of it, and the branch if it has no commit of its own."""
        one = self.find(name)
        if one.dirty > 0 and not force:
            raise UsageError(
                f"the worktree {name} has changes that are not committed",
                why=f"{_count(one.dirty, 'file')} in {one.folder}",
                hint=f"r1code commit --all -C {shlex.quote(str(one.folder))}, or remove it with --force",
            )
        if one.dirty >= 0:
            tree = open_tree(Git.find(one.folder), self._state)
            with held(tree, control, say):
                remove_worktree(self._git, one.folder)
            # Another one of that name would be taken for it.
            shutil.rmtree(tree.state, ignore_errors=True)
        else:
            remove_worktree(self._git, one.folder)
        if one.branch is not None and not remove_branch(self._git, one.branch):
            say(f"the branch {one.branch} stays, for it has commits of its own: git branch -D takes it away")

    def tell(self, name: str, say: Say) -> None:
        """Where it is, what is changed in it, and what to do with it."""
        one = self.find(name)
        place = shlex.quote(str(one.folder))
        say(f"the worktree is {one.folder}, on the branch {one.branch}")
        say(f"r1code undo and other commands reach it with -C {place}")
        parts = [
            _count(one.ahead, "commit") if one.ahead else "",
            f"{_count(one.dirty, 'file')}, not committed" if one.dirty else "",
        ]
        said = " and ".join(filter(None, parts))
        say(f"changed in it: {said or 'nothing'}")
        if said and not self._git.is_bare:
            commit = f"r1code commit --all -C {place} && " if one.dirty else ""
            say(f"to have it here: {commit}git merge {one.branch}")
        say(f"to remove it: r1code worktree remove {name}")

    def drop_unused(self, name: str, control: Control, say: Say) -> None:
        """Removes a worktree that nothing was done in; else says where it is."""
        try:
            one = self.find(name)
            if one.dirty or one.ahead:
                self.tell(name, say)
            else:
                self.remove(name, control, say)
        except (UsageError, StateError) as error:
            say(f"the worktree {name} stays: {error.what}")


def _slug(task: str) -> str:
    words = re.findall(r"[a-z0-9]+", PLACEHOLDER.sub(" ", task.partition("\n")[0]).lower())
    return "-".join(words)[:_MOST_LETTERS].strip("-") or "task"


def _count(number: int, word: str) -> str:
    return f"1 {word}" if number == 1 else f"{number} {word}s"
