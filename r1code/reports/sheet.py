"""All that reports are made of: the card of a session, its logs, and its document for the page."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from msgspec import Struct

from r1code.app.export import Document, document_of
from r1code.log import Entry
from r1code.log_file import entries_of, opened_of
from r1code.reports.card import Card, candidates_in, card_of
from r1code.secrets.values import Hide, hidden


class Log(Struct, frozen=True, kw_only=True):
    entries: tuple[Entry, ...]
    candidate: int | None = None
    """Whose it is, of several at a time; None: the session's own."""


class Sheet(Struct, frozen=True, kw_only=True):
    """Without secrets."""

    card: Card
    logs: tuple[Log, ...] = ()
    """The session's own first. None: nobody wants the events, or there is no session."""
    document: Document | None = None
    """None: nobody wants the page, or there is no session."""
    trailer: bool = True
    """A commit of the patch says who wrote it."""


def sheet_of(folder: Path, state: Path, hide: Hide, *, forms: Collection[str]) -> Sheet:
    """Of the session in `folder`, also while it runs, for these forms. Raises StateError."""
    card = card_of(folder, hide)
    # Not looked into for secrets where nobody reads it: it may be long.
    logs = [*_logs(folder, hide)] if "jsonl" in forms else []
    settings = opened_of(entries_of(folder)).settings
    return Sheet(
        card=card,
        logs=tuple(logs),
        document=document_of(folder, state) if "html" in forms else None,
        trailer=settings.get("attribution", "trailer") == "trailer",
    )


def _logs(folder: Path, hide: Hide) -> Iterator[Log]:
    for number, place in ((None, folder), *candidates_in(folder)):
        yield Log(entries=tuple(hidden(one, hide) for one in entries_of(place)), candidate=number)
