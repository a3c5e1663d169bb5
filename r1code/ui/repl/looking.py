"""All that the model saw and said, for the pager."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from r1code.log import Called, Entry, Observed, Replied, Said
from r1code.ui.describe import card
from r1code.ui.flow import Flow
from r1code.ui.piece import Piece, Style


def whole(entries: Iterable[Entry]) -> Iterator[Piece]:
    """With all of the reasoning, and of what actions found."""
    for entry in entries:
        item = entry.item
        match item:
            case Said():
                yield from _part(item.origin, item.text)
            case Replied():
                if item.reasoning:
                    yield from _part("reasoning", item.reasoning, "dim")
                yield from _part("reply", item.text)
            case Called():
                yield Piece(f"→ {card(item.call)}\n", "strong")
            case Observed():
                yield from _part(item.observation.status, item.observation.text, "dim")
            case _:
                pass


def _part(title: str, text: str, style: Style = "plain") -> Iterator[Piece]:
    flow = Flow("│ ", None)
    yield Piece(f"── {title}\n", "hunk")
    yield Piece(flow.feed(text) + flow.end(), style)
