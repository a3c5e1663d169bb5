"""The report card of a verdict in a few lines, and what is known where nothing is fixed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from r1code.types import Verdict
from r1code.ui.lines import MARGIN, block, wrapped
from r1code.ui.messages import localized
from r1code.ui.piece import Piece
from r1code.ui.safe import safe_line
from r1code.ui.tests_table import told_ids

_IN_THE_HEAD = frozenset({"targets", "unbroken", "protected"})
_MORE = frozenset({"repeats", "counter_test", "gates", "added_tests"})
_LINES = 12


def told_card(verdict: Verdict, width: int | None) -> Iterator[Piece]:
    """What the head of a verdict does not say."""
    good = [safe_line(one.text) for one in verdict.checks if one.state == "ok" and one.name in _MORE]
    if good:
        yield Piece(_marked("✓", " · ".join(good), width), "dim")
    for one in verdict.checks:
        if one.name in _IN_THE_HEAD or one.state not in {"failed", "flagged"}:
            continue
        first, _, rest = one.text.partition("\n")
        mark = "✗" if one.state == "failed" else "!"
        yield Piece(_marked(mark, safe_line(first), width), "bad" if mark == "✗" else "warn")
        if rest.strip():
            yield from block(rest, _LINES, width, "dim")
    for text in verdict.suspicious[1:]:
        yield Piece(_marked("!", safe_line(text), width), "warn")
    yield from told_ids("skipped now, and ran before", verdict.skipped, width)
    yield from told_ids("gone, and ran before", verdict.missing, width)
    yield from told_ids("failed before and after, and did not have to be repaired", verdict.others, width)


def _marked(mark: str, text: str, width: int | None) -> str:
    # With a mark before it, a message would be none that a catalogue knows.
    return wrapped(f"{MARGIN}{mark} {localized(text)}", width)


def told_known(known: Sequence[str], width: int | None) -> Iterator[Piece]:
    for text in known:
        yield Piece(wrapped(f"{MARGIN}{safe_line(text)}", width))
