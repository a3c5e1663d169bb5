"""All that reports are made of: the card of a session, its logs, and its document for the page."""

from __future__ import annotations

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
    document: Document | None = None
    """None: nobody wants the page, or there is no session."""
    trailer: bool = True
    """A commit of the patch says who wrote it."""


def sheet_of(folder: Path, state: Path, hide: Hide, *, with_document: bool = True) -> Sheet:
    """Of the session in `folder`, also while it runs. Raises StateError."""
    card = card_of(folder, hide)
    logs = [(None, entries_of(folder)), *((number, entries_of(place)) for number, place in candidates_in(folder))]
    return Sheet(
        card=card,
        logs=tuple(
            Log(entries=tuple(hidden(one, hide) for one in entries), candidate=number) for number, entries in logs
        ),
        document=document_of(folder, state) if with_document else None,
        trailer=opened_of(logs[0][1]).settings.get("attribution", "trailer") == "trailer",
    )
