"""The message that gives a conversation another task: the model has seen the project before."""

from __future__ import annotations

from r1code import prompts
from r1code.errors import ToolError
from r1code.naming import first_of
from r1code.session import Session
from r1code.tools.truncation import clean, clip
from r1code.tree.worktree import WorkTree
from r1code.types import TestReport, Verdict

_MOST_NAMED = 30
_MOST_DIGEST = 6_000
_MOST_IDS = 20


def next_message(tree: WorkTree, session: Session, text: str) -> str:
    """The task `text`, with the files that are not as the model has seen them."""
    changed = [clean(path) for path in changed_since(tree, session)]
    task = prompts.load("next_task", task=text, changed=first_of(changed, _MOST_NAMED))
    mentions = session.task.mentions
    return f"{task}\n\n{mentions}" if mentions else task


def changed_since(tree: WorkTree, session: Session) -> list[str]:
    """The files that are different in `tree` from what the model read of them or made of them before its task.

    For a fork, also what the session that it was taken from did to the files later.
    """
    opened = session.opened
    later = {
        path
        for move in tree.timeline.path(tree.timeline.at)
        if opened.forked and move.origin.session == opened.forked and move.origin.step > opened.copied
        for path in move.patch.paths
    }
    before = session.before
    seen = {**before.known, **before.left}
    stale = {path for path, digest in seen.items() if _digest(tree, path) != digest}
    return sorted(stale | later)


def _digest(tree: WorkTree, path: str) -> str | None:
    try:
        entry = tree.entry(path)
    except ToolError:
        # A link that leads out, or a folder: nothing that the model could have known.
        return None
    return None if entry is None else entry.digest


def broken_message(verdict: Verdict, after: TestReport) -> str:
    """What the changes of a turn broke, where that is to be repaired."""
    broken = verdict.broken
    return prompts.load(
        "broken", count=len(broken), ids=broken[:_MOST_IDS], digest=clip(after.digest, _MOST_DIGEST).text
    )
