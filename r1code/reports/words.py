"""What a card says in words, for texts that people read. English, whatever the language of the terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from r1code.repair.verdict import problem
from r1code.reports.card import Card
from r1code.types import Outcome, TestReport
from r1code.ui.record_words import outcome

_CAME: Mapping[str, str] = {one: outcome(one) for one in get_args(Outcome)} | {
    "done": "done",
    "ended": "ended without a result",
    "error": "failed",
    "unfinished": "not finished",
}
_MINUTE = 60


def came(card: Card) -> str:
    """The outcome."""
    return _CAME[card.outcome]


def why(card: Card) -> str:
    """One sentence on why it came so; empty: there is nothing more to say."""
    if card.error is not None:
        return f"{card.error.what}: {card.error.why}"
    if card.reason == "budget" and card.exit_code:
        return "the budget was used up" if card.limit is None else f"the budget of {card.limit} was used up"
    if card.reason == "cancelled":
        return "it was interrupted"
    if card.outcome == "cannot_reproduce" and card.before is not None:
        trouble = problem(card.before, ())
        return "" if trouble is None else trouble[1]
    return "" if card.verdict is None else card.verdict.why


def told(card: Card) -> str:
    """The outcome and why, in one line."""
    reason = why(card)
    return reason if reason.startswith(came(card)) else ": ".join(filter(None, (came(card), reason)))


def counted(report: TestReport) -> tuple[int, int, int]:
    """How many tests passed, failed or could not be loaded, and were skipped."""
    return len(report.passed), len(report.failed) + len(report.uncollected), len(report.skipped)


def took(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // _MINUTE} min {int(seconds) % _MINUTE} s"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
