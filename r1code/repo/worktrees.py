"""Linked git worktrees: made, listed and removed without hooks, filters, submodules or remotes."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from r1code.repo.commits import refuse_name
from r1code.repo.git import Git
from r1code.repo.plumbing import checked

_HEADS = "refs/heads/"


class Linked(Struct, frozen=True, kw_only=True):
    """A work tree as the repository knows it; its folder may be gone."""

    folder: Path
    branch: str | None


def add_worktree(git: Git, folder: Path, branch: str, at: str = "HEAD") -> None:
    """Makes a work tree of the commit `at` in `folder`, which is not there yet, on the new `branch`."""
    refuse_name(git, branch)
    arguments = ["worktree", "add", "--quiet", "--no-track", "-b", branch, "--", str(folder), at]
    checked(git.run(arguments, config=git.disarmed()), "make a worktree")


def worktrees(git: Git) -> list[Linked]:
    """All of the repository, the first one included."""
    found: list[Linked] = []
    listed = git.ask(["worktree", "list", "--porcelain", "-z"], "list the worktrees")
    for line in listed.names:
        word, _, rest = line.partition(" ")
        if word == "worktree":
            found.append(Linked(folder=Path(rest), branch=None))
        elif word == "branch":
            found[-1] = Linked(folder=found[-1].folder, branch=rest.removeprefix(_HEADS))
    return found


def remove_worktree(git: Git, folder: Path) -> None:
    """Removes the folder with all that is in it, and what the repository knows of it."""
    # Forced, for git would look for changes in its own way: into submodules, and with filters.
    arguments = ["worktree", "remove", "--force", "--", str(folder)]
    git.ask(arguments, "remove the worktree", config=git.disarmed())


def remove_branch(git: Git, branch: str) -> bool:
    """Removes a branch that has nothing of its own; whether it had nothing."""
    tip = git.run(["rev-parse", "--verify", "--quiet", f"{_HEADS}{branch}"]).output.decode().strip()
    if not tip or git.run(["merge-base", "--is-ancestor", tip, "HEAD"]).code:
        return False
    arguments = ["update-ref", "-d", f"{_HEADS}{branch}", tip]
    git.ask(arguments, f"remove the branch {branch}", config=git.disarmed())
    return True


def ahead(git: Git, branch: str) -> int:
    """How many commits the branch has that HEAD has not."""
    asked = ["rev-list", "--count", f"HEAD..{_HEADS}{branch}"]
    return int(git.ask(asked, "count the commits").output.decode())
