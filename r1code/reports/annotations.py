"""A card as annotations of GitHub Actions: commands to it, on standard output. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from r1code.reports.card import Card
from r1code.reports.escape import command_data, command_value
from r1code.reports.finding import TITLES, Level, Spot, is_without_result, spots
from r1code.reports.words import came, plural, why

MOST = 10
"""Of one level in a step; GitHub drops the others, and says nothing."""
_LONGEST = 1_000


def commands(card: Card) -> str:
    """One command a line. What is more than GitHub shows is counted in the last one of its level."""
    found = spots(card)
    lines = [] if is_without_result(card) else [_notice(card)]
    for level in ("error", "warning"):
        lines += _of(level, [spot for spot in found if spot.level == level])
    return "\n".join(lines) + "\n"


def _notice(card: Card) -> str:
    facts = [why(card)]
    if card.verdict is not None and card.verdict.fixed:
        facts.append(f"{plural(len(card.verdict.fixed), 'test')} fixed")
    text = ". ".join(filter(None, facts)) or came(card)
    return f"::notice title={command_value(f'r1code: {came(card)}')}::{command_data(text)}"


def _of(level: Level, found: Sequence[Spot]) -> Iterator[str]:
    shown = found if len(found) <= MOST else found[: MOST - 1]
    for spot in shown:
        text = f"{spot.subject}\n{spot.text}".strip()
        text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
        place = f"file={command_value(spot.path)}," if spot.path else ""
        place += f"line={spot.line}," if spot.path and spot.line is not None else ""
        yield f"::{level} {place}title={command_value(TITLES[spot.rule])}::{command_data(text)}"
    if len(shown) < len(found):
        yield f"::{level} title=r1code::{len(found) - len(shown)} more are in the other reports"
