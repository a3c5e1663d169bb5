"""A session's events as JSON lines, out of its log. Pure.

The log holds each reply whole, and neither the output of commands as it came nor notices: those are in what
`--json` streams, and only there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO

from r1code.errors import UsageError
from r1code.events import (
    BaselineReached,
    CallFinished,
    CallStarted,
    CandidateChosen,
    CandidateEvent,
    Event,
    Finished,
    HistoryCompacted,
    Inner,
    PatchReady,
    PlanReady,
    ReasoningDelta,
    ReplyCut,
    ReplyReceived,
    ReplyRejected,
    RoleStarted,
    StepStarted,
    TextDelta,
    TurnEnded,
    TurnStarted,
    VerdictReached,
)
from r1code.ledger import Charge, charges_of, spent
from r1code.log import (
    Asked,
    Called,
    Chosen,
    Compacted,
    Ended,
    Entry,
    Exited,
    Judged,
    Observed,
    Planned,
    Replied,
    Said,
    Switched,
    Tested,
)
from r1code.log_file import opened_of
from r1code.reports.card import Card
from r1code.reports.sheet import Log, Sheet
from r1code.types import ExitCode, Usage
from r1code.ui.plain import JsonListener


def jsonl(sheet: Sheet) -> str:
    """Raises UsageError where there is no session."""
    if not sheet.logs:
        raise UsageError(
            "there are no events",
            why="the run ended before it had a session",
            hint="the form json says why it ended",
        )
    stream = StringIO()
    listener = JsonListener(stream)
    for event in _events(sheet):
        listener.on(event)
    return stream.getvalue()


def _events(sheet: Sheet) -> Iterator[Event]:
    """Those of candidates come where they were worked on: before the verdict of the session itself."""
    own, others = sheet.logs[0], sheet.logs[1:]
    done = False
    for entry, event in _of(own):
        if isinstance(entry.item, Chosen | Judged) and not done:
            done = True
            yield from _candidates(others)
        yield event
    if not done:
        yield from _candidates(others)
    if sheet.card.exit_code is not None:
        yield from _end(sheet.card, own)


def _candidates(logs: Sequence[Log]) -> Iterator[Event]:
    for log in logs:
        for _, event in _of(log):
            if isinstance(event, Inner):
                yield CandidateEvent(candidate=log.candidate or 0, inner=event)


def _end(card: Card, log: Log) -> Iterator[Event]:
    if card.patch.diff:
        yield PatchReady(diff=card.patch.diff, files=len(card.patch.files))
    exited = next(one.item for one in reversed(log.entries) if isinstance(one.item, Exited))
    if exited.outcome is not None:
        yield Finished(
            outcome=exited.outcome,
            reason=exited.reason,
            exit_code=ExitCode(exited.exit_code),
            applied=exited.applied,
            patch_file=None,
            session=card.session,
            usage=_usage(charges_of(log.entries)),
            seconds=exited.seconds,
            limit=exited.limit,
            spent=card.spent,
        )


def _usage(charges: Sequence[Charge]) -> Usage:
    total = Usage()
    for one in charges:
        total += one.usage
    return total


def _of(log: Log) -> Iterator[tuple[Entry, Event]]:
    reading = _Reading(log.entries)
    for entry in log.entries:
        for event in reading.events(entry):
            yield entry, event


class _Reading:
    """Of one log; it knows what an entry alone does not say."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        opened = opened_of(entries)
        self._session = opened.session
        self._charges = charges_of(entries, profile=opened.profile)
        self._turn = 1
        self._step = 0
        self._asked_at = entries[0].time
        self._names: dict[str, str] = {}

    def events(self, entry: Entry) -> Iterator[Event]:
        item = entry.item
        if isinstance(item, Said):
            if item.origin == "task":
                yield TurnStarted(session=self._session, text=item.text)
            elif item.origin == "rejected":
                yield ReplyRejected(text=item.text)
        elif isinstance(item, Asked):
            if item.step != self._step:
                yield StepStarted(step=item.step)
            self._step, self._asked_at = item.step, entry.time
        elif isinstance(item, Replied):
            yield from self._reply(entry, item)
        elif isinstance(item, Called):
            self._names[item.call.id] = item.call.name
            yield CallStarted(call=item.call)
        elif isinstance(item, Observed):
            name = self._names.get(item.observation.call_id, "")
            yield CallFinished(name=name, observation=item.observation)
        elif isinstance(item, Ended):
            yield self._ended(item)
        else:
            yield from _other(entry)

    def _reply(self, entry: Entry, item: Replied) -> Iterator[Event]:
        if item.reasoning:
            yield ReasoningDelta(text=item.reasoning)
        if item.text:
            yield TextDelta(text=item.text)
        if item.cut is not None:
            yield ReplyCut(cut=item.cut)
        yield ReplyReceived(
            step=self._step,
            usage=item.usage,
            seconds=round(entry.time - self._asked_at, 3),
            spent=spent(one for one in self._charges if (one.turn, one.step) == (self._turn, self._step)),
        )

    def _ended(self, item: Ended) -> Event:
        total = spent(one for one in self._charges if one.turn == self._turn)
        self._turn, self._step = self._turn + 1, 0
        return TurnEnded(
            reason=item.reason,
            text=item.text,
            usage=item.usage,
            steps=item.steps,
            seconds=item.seconds,
            limit=item.limit,
            spent=total,
        )


def _other(entry: Entry) -> Iterator[Event]:
    item = entry.item
    if isinstance(item, Tested):
        yield BaselineReached(command=item.command, report=item.report)
    elif isinstance(item, Judged):
        yield VerdictReached(verdict=item.verdict)
    elif isinstance(item, Chosen):
        # What the others were is in their own logs.
        yield CandidateChosen(candidate=item.candidate, why=item.why, candidates=())
    elif isinstance(item, Planned):
        yield PlanReady(plan=item.plan, file=None)
    elif isinstance(item, Switched):
        yield RoleStarted(role=item.role, profile=item.profile)
    elif isinstance(item, Compacted):
        yield HistoryCompacted(how=item.how, tokens_before=item.tokens_before, tokens_after=item.tokens_after)
