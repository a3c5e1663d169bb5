"""What happens around a turn by itself: the commits that the configuration asks for, and words at its end."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from r1code.app.commits import Commits
from r1code.app.trust import Trust
from r1code.config import Config
from r1code.errors import R1CodeError
from r1code.events import Event, Finished, Notice
from r1code.repair.conversation import AfterTurn
from r1code.session import Session
from r1code.types import EndReason, Verdict

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
        if finished.applied:
            _commit(commits, session, finished.reason, say, by="r1code commit")

    return at_end


def commit_after(commits: Commits, session: Session, say: Say) -> AfterTurn:
    """As `commit_at_end`, for each turn of a conversation; nothing while tests are broken that passed."""

    def after(reason: EndReason, verdict: Verdict | None) -> Generator[Event, None, None]:
        if verdict is not None and verdict.broken:
            say("nothing was committed, for tests are broken; /commit does it")
            return
        try:
            _commit(commits, session, reason, say, by="/commit")
        except R1CodeError as error:
            yield Notice(text=str(error), level="warning")

    return after


def _commit(commits: Commits, session: Session, reason: EndReason | None, say: Say, *, by: str) -> None:
    """`by`: what a person commits with, where this does not."""
    if reason == "cancelled":
        say(f"nothing was committed, for the turn was stopped; {by} does it")
        return
    made = commits.turn(session)
    if made is not None:
        say(f"committed as {made.short}: {made.subject}")


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
