"""What the pipeline logs, and what the log holds already of one that was stopped.

A search that goes on is done again from its start: what is logged is followed, so that the model is not asked
again and no tests run again for it. Only its changes are made again, on a tree as it was at first. Where the
record ends the search is where it was stopped, and from there on it is logged as ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from r1code.errors import StateError
from r1code.log import (
    RESUMABLE,
    Adopted,
    AnyItem,
    Called,
    Continued,
    Ended,
    Entry,
    Observed,
    Replied,
    Resumed,
    Said,
    Tried,
)
from r1code.secrets.values import hidden
from r1code.session import Session
from r1code.types import Reply


class Track:
    """`record`: what is to be followed first."""

    def __init__(self, session: Session, record: Sequence[Entry] = ()) -> None:
        self._session = session
        self._ahead = deque(entry.item for entry in record)

    @property
    def ahead(self) -> AnyItem | None:
        """What was logged next, then. None: from here on everything is new."""
        return self._ahead[0] if self._ahead else None

    def next_call(self) -> int:
        """The number of the next call, as Session.next_call."""
        calls = (item.call.id for item in self._ahead if isinstance(item, Called))
        followed = next(calls, None)
        return self._session.next_call() if followed is None else int(followed.removeprefix("c"))

    def ask(self, text: str) -> bool:
        """A question, in a conversation of its own. False: the record held another one, and is left there."""
        said = Said(text=text, origin="task")
        fits = self.ahead is None or self.ahead == hidden(said, self._session.hide)
        if not fits:
            self._ahead.clear()
        self.append(said, parent=self._session.begun.id)
        return fits

    def append(self, item: AnyItem, *, parent: int | None = None) -> None:
        """Logs an item, if it is not logged. Raises StateError, also where the record holds another one."""
        if not self._ahead:
            self._session.append(item, parent=parent)
        elif not _is_same(self._ahead.popleft(), hidden(item, self._session.hide)):
            raise self._lost()

    def reply(self) -> Reply | None:
        """The answer that was logged here. None: the model is to be asked. Raises StateError, as `append`."""
        if not self._ahead:
            return None
        item = self._ahead.popleft()
        if not isinstance(item, Replied):
            raise self._lost()
        return item.reply

    def tried(self) -> Tried | None:
        """What tests had said that were run here. None: they are to be run. Raises StateError, as `append`."""
        if not self._ahead:
            return None
        # With the call of the tests and its observation.
        *_, item = [self._ahead.popleft() for _ in range(min(3, len(self._ahead)))]
        if not isinstance(item, Tried):
            raise self._lost()
        return item

    def _lost(self) -> StateError:
        return StateError(
            f"the session {self._session.id} cannot be resumed",
            why="what its log holds does not come of the answers in it: another version of r1code wrote it, or "
            "the tests are not the same each time",
            hint="begin a new one: r1code fix",
        )


def record_of(entries: Sequence[Entry]) -> list[Entry] | None:
    """What a pipeline that was stopped had logged of what it had finished. None: no pipeline was stopped.

    What was interrupted is no part of it, for it is done again.
    """
    found: list[Entry] | None = None
    for entry in entries:
        item = entry.item
        if isinstance(item, Adopted):
            found = [] if item.strategy == "pipeline" else None
        elif found is None:
            continue
        elif isinstance(item, Continued) or (isinstance(item, Ended) and item.reason not in RESUMABLE):
            found = None
        elif isinstance(item, Resumed):
            found = _finished(found)
        elif isinstance(item, Said | Replied | Called | Observed | Tried):
            found.append(entry)
    return None if found is None else _finished(found)


def _finished(record: Sequence[Entry]) -> list[Entry]:
    """Without calls that nothing came of, and without tests whose results are not known."""
    seen = {
        one.item.observation.call_id
        for one in record
        if isinstance(one.item, Observed) and one.item.observation.status != "interrupted"
    }
    if record and isinstance(record[-1].item, Observed) and _tests(record[-1].item, record):
        seen.discard(record[-1].item.observation.call_id)
    return [one for one in record if (call_id := _call_id(one.item)) is None or call_id in seen]


def _tests(item: Observed, record: Sequence[Entry]) -> bool:
    calls = (one.item.call for one in record if isinstance(one.item, Called))
    return any(call.id == item.observation.call_id and call.name == "test" for call in calls)


def _call_id(item: AnyItem) -> str | None:
    if isinstance(item, Called):
        return item.call.id
    return item.observation.call_id if isinstance(item, Observed) else None


def _is_same(logged: AnyItem, item: AnyItem) -> bool:
    if isinstance(logged, Observed) and isinstance(item, Observed):
        # What it says besides may be a matter of the clock.
        then, now = logged.observation, item.observation
        return (then.call_id, then.status) == (now.call_id, now.status)
    return logged == item
