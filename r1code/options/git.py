"""Flags and commands about git, and about what in a repository may do and be seen."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from r1code.ui.help import Grammar


def add_git_flags(common: argparse.ArgumentParser) -> None:
    git = common.add_argument_group("git")
    git.add_argument(
        "--commit",
        action="store_const",
        const="turn",
        help="commit what the turn changed; with fix: if it is proven (no hooks)",
    )
    git.add_argument(
        "--commit-first",
        action="store_true",
        default=None,
        help="commit what is changed before, as a commit of its own (no hooks)",
    )
    _add_attribution(git.add_argument)
    git.add_argument(
        "--worktree",
        metavar="NAME",
        nargs="?",
        const="",
        help="work in a new linked git worktree, on a branch r1code/NAME",
    )


def _add_attribution(add_argument: Callable[..., object]) -> None:
    add_argument(
        "--attribution",
        choices=["trailer", "author", "none"],
        help="how a commit says that r1code wrote it (trailer: Co-authored-by)",
    )


def add_trust(add_argument: Callable[..., object]) -> None:
    add_argument(
        "--trust", action="store_true", help="trust this folder's own files for this run (docs/approvals.md)"
    )


def add_git(add: Callable[..., argparse.ArgumentParser]) -> None:
    common = Grammar(add_help=False)
    common.add_argument("-C", dest="folder", metavar="FOLDER", default=".", help="work in FOLDER")
    diff = add("diff", parents=[common], help="what is changed since the last commit, new files included")
    diff.add_argument("revision", nargs="?", metavar="REV", help="compare with this commit (HEAD)")
    diff.add_argument("--stat", action="store_true", help="only how many lines in which file")
    diff.add_argument("--color", choices=["auto", "always", "never"], default="auto", help="colour (auto)")
    commit = add("commit", parents=[common], help="commit what r1code changed in its last turn")
    commit.add_argument("-m", "--message", metavar="MESSAGE", help="the message (made from the task)")
    commit.add_argument("paths", nargs="*", metavar="PATH", help="commit these files instead, as they are now")
    commit.add_argument("--all", action="store_true", help="commit all that is changed")
    _add_attribution(commit.add_argument)
    add_trust(commit.add_argument)
    add_not_secret(commit.add_argument)
    branch = add("branch", parents=[common], help="show the branch, or make a new one and switch to it")
    branch.add_argument("name", nargs="?", metavar="NAME")
    trust = add("trust", parents=[common], help="let this folder's own files run programs on your machine")
    how = trust.add_mutually_exclusive_group()
    how.add_argument("--show", action="store_true", help="whether it is trusted, and what that is about")
    how.add_argument("--remove", action="store_true", help="trust it no longer")
    worktree = add("worktree", help="the worktrees that --worktree made")
    actions = worktree.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", parents=[common], help="where they are, and what is in them")
    remove = actions.add_parser("remove", parents=[common], help="remove one; its branch stays if it has commits")
    remove.add_argument("name", metavar="NAME")
    remove.add_argument("--force", action="store_true", help="also with changes that are not committed")


def add_not_secret(add_argument: Callable[..., object]) -> None:
    add_argument(
        "--not-secret",
        metavar="GLOB",
        action="append",
        help="these files hold no secret, whatever they look like: 'tests/keys/**' (docs/secrets.md)",
    )
