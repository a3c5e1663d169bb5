"""Changes that change no test's result. One alone proves nothing; two of them may be the two halves of a fix."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from r1code.repair.rank import Weights, words
from r1code.repo.symbols import code_of
from r1code.types import Arguments

MOST_PARTNERS = 6
"""For one change: how many others it is tried with."""


class Change(Struct, frozen=True, kw_only=True):
    """A new text of one definition."""

    path: str
    name: str
    content: str
    weight: float
    """How much it adds of what the failing test speaks of."""

    @property
    def arguments(self) -> Arguments:
        """Of the tool `replace`."""
        return {"path": self.path, "content": self.content}


def weight_of(old: str, new: str, weighed: Weights) -> float:
    """How much a change of a definition's text adds of what the failing test speaks of."""
    return sum(weighed.get(word, 0.0) for word in words(code_of(new)) - words(code_of(old)))


class Pool:
    def __init__(self) -> None:
        self._changes: list[Change] = []

    def add(self, change: Change) -> Sequence[tuple[Change, Change]]:
        """Keeps a change; its pairs with earlier ones of other definitions, best first.

        A change that adds nothing the test speaks of is not kept: there would be too many pairs.
        """
        if change.weight <= 0:
            return []
        others = [one for one in self._changes if (one.path, one.name) != (change.path, change.name)]
        self._changes.append(change)
        return [(one, change) for one in sorted(others, key=lambda one: -one.weight)[:MOST_PARTNERS]]
