"""What happens around a turn by itself: the commits that the configuration asks for, and words at its end."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from r1code.app.commits import Commits
from r1code.app.trust import Trust
from r1code.config import Config
from r1code.errors import R1CodeError
from r1code.events import Event, Finished, Notice
from r1code.session import Session

Say = Callable[[str], None]
AtEnd = Callable[[Finished, Say], None]
"""Told how a turn ended, before anybody else is. May raise R1CodeError, which becomes a warning."""


def begin(commits: Commits, config: Config, trust: Trust, say: Say) -> None:
    """Before the turn: what could not be committed is refused now, and what is changed is committed first.

    Raises UsageError and StateError, with nothing started.
    """
    commits.ready()
    if trust.hooks:
        say(f"hooks are not run by automatic commits: {', '.join(trust.hooks)}")
    made = commits.first() if config.commit_first else None
    if made is not None:
        say(f"committed first, as {made.short}: {made.subject}")


def commit_at_end(commits: Commits, session: Session) -> AtEnd:
    """Commits what the turn changed: of a repair only what is proven, of a cancelled turn nothing."""

    def at_end(finished: Finished, say: Say) -> None:
        if not finished.applied:
            return
        if finished.reason == "cancelled":
            say("nothing was committed, for the turn was stopped; r1code commit does it")
            return
        made = commits.turn(session)
        if made is not None:
            say(f"committed as {made.short}: {made.subject}")

    return at_end


def finishing(
    events: Generator[Event, None, None], at_ends: Sequence[AtEnd], say: Say
) -> Generator[Event, None, None]:
    """The same events; before the last one each of `at_ends` does its part."""
    with closing(events):
        for event in events:
            if isinstance(event, Finished):
                for one in at_ends:
                    try:
                        one(event, say)
                    except R1CodeError as error:
                        yield Notice(text=str(error), level="warning")
            yield event
