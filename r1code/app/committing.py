"""Commits and branches, as a person asks for them in a conversation."""

from __future__ import annotations

from r1code.app.around import Around
from r1code.app.commits import Attribution, Commits
from r1code.app.githooks import GitHooks
from r1code.app.trust import Trust, hook_wishes, is_trusted
from r1code.app.turns import Made
from r1code.app.workshop import Workshop
from r1code.control import Control
from r1code.errors import UsageError
from r1code.repo.commits import create_branch
from r1code.repo.git import Git

_TITLE = "These files hold what looks like a secret that the last commit has not. Commit it?"


class Committing:
    """In the work tree of an open session. Methods raise R1CodeError and Cancelled."""

    def __init__(self, workshop: Workshop, around: Around, *, attribution: Attribution) -> None:
        self._workshop = workshop
        self._around = around
        self._attribution: Attribution = attribution

    def commit(self, message: str | None, control: Control, *, everything: bool = False) -> Made:
        """Commits what the last turn changed, or everything; None: the message is made from the task.

        Git hooks run where the person trusts the folder: where there are some, they are asked.
        """
        around, workshop = self._around, self._workshop

        def say(text: str) -> None:
            around.say(workshop.vault.hide(text))

        commits = Commits(workshop.guard, workshop.tree, around.state, attribution=self._attribution, say=say)
        trust = Trust(around.git, around.state)
        is_trusted(
            trust, hook_wishes(trust), lambda question: around.trusts(question, control), for_now=around.trusted
        )
        hooks = GitHooks(around.git, trust, control, say=say, show=say)
        return commits.commit(
            (), message, hooks, everything=everything, agrees=lambda what: self._agrees(what, control)
        )

    def _agrees(self, what: str, control: Control) -> bool:
        return self._around.ask(_TITLE, what, {"y": "yes", "n": "no"}, control) == "y"

    def branch(self, name: str | None) -> tuple[str | None, str]:
        """Makes a branch and goes to it, where one is named.

        What is checked out then: a branch, or None, and the commit; empty before the first one.
        """
        return branch(self._around.git, name)


def branch(git: Git, name: str | None) -> tuple[str | None, str]:
    """As in Committing. Raises UsageError and StateError."""
    if not git.is_repository:
        raise UsageError(
            "there are no branches here",
            why=f"{git.root} is in no git repository",
            hint="run `git init` there first",
        )
    if name is not None:
        create_branch(git, name)
    return git.branch(), git.head() or ""
