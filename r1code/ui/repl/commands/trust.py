"""Whether the folder is trusted."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.desk import Desk
from r1code.app.trust import Trust
from r1code.app.trusting import trust_shown
from r1code.control import Control
from r1code.errors import UsageError
from r1code.events import Event
from r1code.ui.diff import diff_lines, laid_out
from r1code.ui.lines import MARGIN
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said
from r1code.ui.safe import safe_line


def _trust(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    if text not in {"", "yes", "no"}:
        raise UsageError(f"/trust {text} means nothing", why="it is yes or no", hint="/trust yes")
    around = desk.around
    if text == "yes" and not trust_shown(around.git, around.state, lambda asked: around.trusts(asked, control)):
        yield from said("nothing was changed: you did not say yes")
        return
    trust = Trust(around.git, around.state)
    seen = trust.look()
    if text == "yes":
        yield from said("trusted, until one of these files changes; /commit runs the git hooks")
        yield from said("what AGENTS.md and .r1code/config.toml say counts from the next start on")
    elif text == "no":
        trust.refuse(seen)
        yield from said("not trusted: nothing of the folder's own runs on your machine, or is told to the model")
    else:
        for each in diff_lines(trust.changes(seen)):
            yield from laid_out(each, MARGIN, None)
        why = trust.missing()
        told = "trusted" if why is None else f"not trusted: {why}; /trust yes shows what it says, and asks"
        yield from said(told)
    if trust.hooks:
        yield from said(f"hooks that a commit has: {', '.join(trust.hooks)}, in {trust.hooks_folder}")
    for name in seen.names:
        yield Piece(f"{MARGIN}{safe_line(name)}\n", "dim")


DOES: dict[str, Does] = {"trust": _trust}
